// SPDX-License-Identifier: Apache-2.0
//
// Reports are compared with the approved files in golden/. After a change that is meant: KTSTR_APPROVE=1 report_test,
// then read the difference before committing it.
#include "report/text_report.h"

#include <gmock/gmock.h>

#include "base/testing/approved.h"
#include "base/text/printable.h"
#include "report/testing/sample_records.h"

namespace ktstr {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(TextReport, OfAPassIsShort) { expect_approved("pass", text_report(passing_record())); }

TEST(TextReport, OfAPassWithVerboseHasEveryWorkerAndCheck) {
  expect_approved("pass_verbose", text_report(passing_record(), {.verbose = true}));
}

TEST(TextReport, OfAStallNamesTheSchedulerBeforeTheWorkersThatItHeldUp) {
  const std::string text = text_report(stalled_record());
  expect_approved("stalled", text);
  EXPECT_LT(text.find("failed to run for 2.004s"), text.find("worker 3 of cg_0"));
  EXPECT_THAT(text, Not(HasSubstr("this is not shown")));
}

TEST(TextReport, SaysWhatTheTraceTellsAndHowToSeeMore) {
  RunRecord record = stalled_record();
  record.traced = {{.kind = DetailKind::kSchedulerStalled, .pid = 7, .words = "cg_0/1 (pid 7) waited"},
                   {.kind = DetailKind::kStuck, .pid = 8}};
  const std::string text = text_report(record);
  EXPECT_THAT(text, HasSubstr("  trace      cg_0/1 (pid 7) waited\n"));
  EXPECT_THAT(text, HasSubstr("\nSee what happened\n  ktstr why 20261124-013855.417-two_cgroups-3fa2\n"));
  EXPECT_LT(text.find("See what happened"), text.find("Run it again"));
  record.outcome = Outcome::kPass;
  EXPECT_THAT(text_report(record), Not(HasSubstr("ktstr why")));
}

TEST(TextReport, SaysWhatTheDefinitionOfTheSchedulerSet) {
  for (RunRecord record : {passing_record(), stalled_record()}) {
    EXPECT_THAT(text_report(record), Not(HasSubstr("declared")));
    record.declared = "mine, /src/ktstr.toml:3, which sets max_gap = 500ms";
    EXPECT_THAT(text_report(record), HasSubstr("\n  declared   mine, /src/ktstr.toml:3, which sets max_gap = 500ms\n"));
  }
}

TEST(TextReport, OfSeveralStepsSaysWhichOne) { expect_approved("unfair", text_report(unfair_record())); }

TEST(TextReport, OfPayloadsShowsWhatTheyMeasured) { expect_approved("payloads", text_report(payload_record())); }

TEST(TextReport, OfPayloadsWithVerboseHasTheirOutputTheTimelineAndCaptures) {
  expect_approved("payloads_verbose", text_report(payload_record(), {.verbose = true}));
}

TEST(TextReport, OfAPayloadThatFailedShowsWhatItSaidAndWhatIsMissing) {
  const std::string text = text_report(failed_payload_record());
  expect_approved("payload_failed", text);
  EXPECT_THAT(text, HasSubstr("No space left on device"));
  EXPECT_THAT(text, Not(HasSubstr("before: 4 tasks")));
}

TEST(TextReport, OfAPanicShowsTheConsole) {
  const std::string text = text_report(panicked_record());
  expect_approved("panic", text);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(TextReport, ShowsTheFirstOfManyWorkersThatWereLastSeenAndCountsTheOthers) {
  RunRecord record = panicked_record();
  for (int i = 0; i < 30; ++i) record.last_seen.push_back({.cgroup = "cg_2", .index = i, .pid = 200 + i});
  record.unseen_workers = 5;
  const std::string text = text_report(record);
  EXPECT_THAT(text, HasSubstr("\n  cg_2[17]"));
  EXPECT_THAT(text, Not(HasSubstr("cg_2[18]")));
  EXPECT_THAT(text,
              HasSubstr("\n  ... and 12 more (--verbose)\n  ... and 5 of which the guest's memory has no numbers\n"));
  EXPECT_THAT(text_report(record, {.verbose = true}), HasSubstr("cg_2[29]"));
  record.outcome = Outcome::kInfrastructure;
  EXPECT_THAT(text_report(record), HasSubstr("Workers without a report"));
}

TEST(TextReport, OfAFaultOfTheKernelShowsItsReportAndWhereTheCpusStood) {
  RunRecord record = panicked_record();
  record.details = {{Verdict::kFail, DetailKind::kKernelHang, "no heartbeat"}};
  record.kernel_reports = {"[    8.0] BUG: kernel NULL pointer dereference, address: 0"};
  record.vcpus = {{.cpu = 1, .pc = 0x10, .symbol = "spin+0x5", .state = "kernel, interrupts off"}};
  const std::string text = text_report(record);
  EXPECT_THAT(text, HasSubstr("What the kernel reported\n  [    8.0] BUG: kernel NULL"));
  EXPECT_THAT(text, HasSubstr("  CPU 1    spin+0x5  kernel, interrupts off"));
}

TEST(TextReport, DoesNotSayThatASchedulerNeverAttachedWhereThatIsNotKnown) {
  RunRecord record = panicked_record();
  record.scheduler().ops = record.scheduler().state_at_start = record.scheduler().state_at_end = "";
  EXPECT_THAT(text_report(record), Not(HasSubstr("never attached")));
}

TEST(TextReport, SaysInWhichStepSomethingWasCheckedWhereThereAreSeveral) {
  RunRecord record = unfair_record();
  record.checked.push_back({"gap: the 4 workers of cg_0, limit 2000 ms", 2});
  const std::string text = text_report(record, {.verbose = true});
  EXPECT_THAT(text, HasSubstr("  gap: the 4 workers of cg_0, limit 2000 ms [step 1]\n"));
  EXPECT_THAT(text, HasSubstr("  gap: the 4 workers of cg_0, limit 2000 ms [step 2]\n"));
  EXPECT_THAT(text, HasSubstr("  scheduler: attached from the start to the end\n"));
}

TEST(TextReport, ShowsTheLastOfSeveralSchedulersAndListsAll) {
  RunRecord record = passing_record();
  record.schedulers[0].exit = "killed by signal 9";
  record.schedulers.push_back({.ops = "other", .state_at_start = "enabled", .state_at_end = "enabled"});
  const std::string first = "1 of 2: ktstr (enabled): scx_ktstr; its process was killed by signal 9\n";
  const std::string second = "2 of 2: other (enabled)\n";
  EXPECT_THAT(text_report(record), HasSubstr("two_cgroups: other (enabled, the last of 2) on 7.3"));
  EXPECT_THAT(text_report(record, {.verbose = true}), HasSubstr("Schedulers\n  " + first + "  " + second));
  record.outcome = Outcome::kFail;
  EXPECT_THAT(text_report(record), HasSubstr("  scheduler  " + first + "  scheduler  " + second));
}

TEST(TextReport, OfALostGuestGivesTheWayOut) { expect_approved("lost", text_report(lost_record())); }

TEST(TextReport, OfBadInputIsTheErrorAlone) { expect_approved("bad_input", text_report(bad_input_record())); }

TEST(TextReport, OfAnInconclusiveRunSaysWhatIsMissing) {
  expect_approved("inconclusive", text_report(inconclusive_record()));
}

std::size_t widest(const std::string& text) {
  std::size_t widest = 0;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    widest = std::max(widest, end - from);
    from = end + 1;
  }
  return widest;
}

TEST(TextReport, FitsIntoTheColumnsThatThereAre) {
  RunRecord record = passing_record();
  record.run_dir = "/runs/2";  // a path is not cut
  const std::string narrow = text_report(record, {.columns = 80});
  expect_approved("pass_80", narrow);
  EXPECT_LE(widest(narrow), 80U);
  EXPECT_THAT(narrow, HasSubstr("(too narrow for migrations"));
  const std::string least = text_report(record, {.columns = 44});
  const std::size_t note = least.find("  (too narrow for ");
  ASSERT_NE(note, std::string::npos);
  const std::string all_of_it = least.substr(note, least.find(')', note) - note);
  EXPECT_LE(widest(all_of_it), 44U);
  EXPECT_THAT(all_of_it, HasSubstr("\n  "));
  EXPECT_EQ(text_report(record, {.columns = 500}), text_report(record));
}

TEST(TextReport, ThatIsBriefIsOneScreenAndSaysWhatIsNotShown) {
  RunRecord record = stalled_record();
  const std::string text = text_report(record, {.brief = true, .columns = 80, .story = "  Victim  cg_0/3\n"});
  expect_approved("stalled_brief", text);
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 40);
  EXPECT_THAT(text, HasSubstr("limit 2000"));
  EXPECT_THAT(text, Not(HasSubstr("fault 'stall' armed")));
  EXPECT_THAT(text_report(record, {.verbose = true, .brief = true}), HasSubstr("fault 'stall' armed"));
  EXPECT_THAT(text_report(failed_payload_record(), {.brief = true}), HasSubstr("No space left on device"));
  expect_approved("panic_brief", text_report(panicked_record(), {.brief = true, .columns = 80}));
  expect_approved("unfair_brief", text_report(unfair_record(), {.brief = true, .columns = 120}));
}

TEST(TextReport, HasAVerdictInOneLine) {
  EXPECT_THAT(verdict_line(passing_record()), ::testing::StartsWith("PASS  two_cgroups: ktstr (enabled) on 7.3"));
  EXPECT_THAT(verdict_line(stalled_record()),
              ::testing::StartsWith("FAIL  two_cgroups: scheduler_stalled: the kernel"));
  EXPECT_EQ(verdict_line(skipped_record()), text_report(skipped_record()));
  for (const RunRecord& record : {passing_record(), stalled_record(), lost_record(), bad_input_record()}) {
    const std::string line = verdict_line(record);
    EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
  }
}

TEST(TextReport, OfASkipIsOneLine) { expect_approved("skip", text_report(skipped_record())); }

TEST(TextReport, OfAnInterruptedRunSaysSo) {
  RunRecord record = bad_input_record();
  record.outcome = Outcome::kInterrupted;
  record.error = "interrupted by the user";
  record.error_hint = "";
  EXPECT_EQ(text_report(record), "INTERRUPTED  two_cgroups: interrupted by the user\n");
}

TEST(TextReport, HasColoursOnlyWhenAsked) {
  EXPECT_THAT(text_report(passing_record(), {.color = true}), HasSubstr("\x1b[1;32mPASS\x1b[0m"));
  EXPECT_THAT(text_report(stalled_record(), {.color = true}), HasSubstr("\x1b[1;31mFAIL\x1b[0m"));
  for (const RunRecord& record : {passing_record(), stalled_record(), lost_record()})
    EXPECT_THAT(text_report(record), Not(HasSubstr("\x1b")));
}

TEST(TextReport, NeverPassesOnWhatAGuestCouldDoToTheTerminal) {
  RunRecord record = stalled_record();
  record.payloads = failed_payload_record().payloads;
  record.captures = payload_record().captures;
  const std::string evil = "\x1b]0;title\a\x1b[2J\r\bx\xc2\x9b\u202e\x7f";
  record.details[0].message = record.scheduler_log[0] = record.kernel_log[0] = record.scheduler().ops = evil;
  record.kernel_reports = {evil};
  record.traced = {{.words = evil}};
  record.id = evil;
  record.vcpus = {{.cpu = 0, .pc = 0, .symbol = evil, .state = evil}};
  record.last_seen = {{.cgroup = evil}};
  record.scheduler().exit_message = record.kernel = record.cgroups[0].cgroup = record.console_tail[0] = evil;
  PayloadReport& payload = record.payloads[0];
  payload.name = payload.cgroup = payload.exit = payload.missing[0] = payload.output_tail = evil;
  payload.metrics[0].name = payload.metrics[0].unit = record.captures[0].tag = record.captures[0].cgroup = evil;
  for (StepMark& mark : record.marks) mark.name = evil;
  record.stimuli[0].op_kinds = {evil};
  record.stimuli[0].ops = 1;
  record.test = record.run_dir = record.replay_command = record.repeat_command = record.error = record.error_hint =
      evil;
  record.scheduler().command = record.scheduler().exit = record.tuple.vary = record.checked.emplace_back().text = evil;
  for (auto& worker : record.workers) worker.cgroup = evil;
  for (const Outcome outcome : {Outcome::kPass, Outcome::kFail, Outcome::kSkip, Outcome::kInfrastructure}) {
    record.outcome = outcome;
    for (const bool verbose : {false, true}) {
      const std::string text = text_report(record, {.verbose = verbose});
      EXPECT_EQ(escaped(text), text);
    }
  }
}

TEST(TextReport, SaysWhatTheSchedulerSaidWhereTheFindingDoesNot) {
  RunRecord record = stalled_record();
  record.details = {{Verdict::kFail, DetailKind::kSchedulerCrashed, "the scheduler is gone"}};
  record.scheduler().exit_reason = "scx_bpf_error";
  record.scheduler().exit_message = "no CPU";
  EXPECT_THAT(text_report(record), HasSubstr("sched_ext  scx_bpf_error: \"no CPU\""));
  record.scheduler().exit_reason = "unregistered from user space";
  EXPECT_THAT(text_report(record), Not(HasSubstr("  sched_ext  ")));
}

TEST(TextReport, HasNoBlanksInPlaceOfAUnit) {
  RunRecord record = stalled_record();
  record.details = {{.kind = DetailKind::kPayload, .message = "p exited", .measured = 127, .limit = 0}};
  EXPECT_THAT(text_report(record), HasSubstr("p exited (measured 127, limit 0)"));
}

TEST(TextReport, HoldsNothingBackOfARecordThatIsAlmostEmpty) {
  for (const Outcome outcome : {Outcome::kPass, Outcome::kFail, Outcome::kInconclusive, Outcome::kSkip,
                                Outcome::kInfrastructure, Outcome::kBadInput, Outcome::kInterrupted}) {
    RunRecord record;
    record.outcome = outcome;
    EXPECT_TRUE(text_report(record).ends_with('\n')) << to_string(outcome);
  }
}

}  // namespace
}  // namespace ktstr
