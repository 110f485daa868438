// SPDX-License-Identifier: Apache-2.0
//
// Reports are compared with the approved files in golden/. After a change that is meant: KTSTR_APPROVE=1 report_test,
// then read the difference before committing it.
#include "report/text_report.h"

#include <gmock/gmock.h>

#include "report/approved.h"
#include "report/repeat_report.h"
#include "report/sample_records.h"

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

TEST(TextReport, OfSeveralStepsSaysWhichOne) { expect_approved("unfair", text_report(unfair_record())); }

TEST(TextReport, OfAPanicShowsTheConsole) {
  const std::string text = text_report(panicked_record());
  expect_approved("panic", text);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(TextReport, OfALostGuestGivesTheWayOut) { expect_approved("lost", text_report(lost_record())); }

TEST(TextReport, OfBadInputIsTheErrorAlone) { expect_approved("bad_input", text_report(bad_input_record())); }

TEST(TextReport, OfAnInconclusiveRunSaysWhatIsMissing) {
  expect_approved("inconclusive", text_report(inconclusive_record()));
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
  const std::string evil = "\x1b]0;title\a\x1b[2J\r\bx";
  record.details[0].message = record.scheduler_log[0] = record.kernel_log[0] = record.scheduler.ops = evil;
  record.scheduler.exit_message = record.kernel = record.cgroups[0].cgroup = record.console_tail[0] = evil;
  for (const bool verbose : {false, true}) {
    const std::string text = text_report(record, {.verbose = verbose});
    for (const char c : text) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << text;
  }
}

TEST(TextReport, SaysWhatTheSchedulerSaidWhereTheFindingDoesNot) {
  RunRecord record = stalled_record();
  record.details = {{Verdict::kFail, DetailKind::kSchedulerCrashed, "the scheduler is gone"}};
  record.scheduler.exit_reason = "scx_bpf_error";
  record.scheduler.exit_message = "no CPU";
  EXPECT_THAT(text_report(record), HasSubstr("sched_ext  scx_bpf_error: \"no CPU\""));
  record.scheduler.exit_reason = "unregistered from user space";
  EXPECT_THAT(text_report(record), Not(HasSubstr("  sched_ext  ")));
}

TEST(TextReport, HoldsNothingBackOfARecordThatIsAlmostEmpty) {
  for (const Outcome outcome : {Outcome::kPass, Outcome::kFail, Outcome::kInconclusive, Outcome::kSkip,
                                Outcome::kInfrastructure, Outcome::kBadInput, Outcome::kInterrupted}) {
    RunRecord record;
    record.outcome = outcome;
    EXPECT_TRUE(text_report(record).ends_with('\n')) << to_string(outcome);
  }
}

TEST(RepeatSummary, IsOneLineWhenAllDigestsAreEqual) {
  EXPECT_EQ(repeat_summary({passing_record(), passing_record(), passing_record()}),
            "3 runs of two_cgroups: 3 pass; all with digest 5b1c0de2a94f\n");
  EXPECT_EQ(repeat_summary({}), "");
}

TEST(RepeatSummary, ShowsTheFirstDifference) {
  RunRecord other = unfair_record();
  other.digest[0] = '6';
  other.marks = passing_record().marks;
  other.marks[1].at_ns += 1000;
  expect_approved("repeat_differs", repeat_summary({passing_record(), passing_record(), other}));
}

TEST(RepeatSummary, TakesTheRunnersWordForTheFirstDifference) {
  RunRecord other = passing_record();
  other.digest[0] = '6';
  other.details.push_back({Verdict::kFail, DetailKind::kNotRepeatable, "event 17: mark at 2.1 s"});
  EXPECT_THAT(repeat_summary({passing_record(), other}), HasSubstr("run 1 and run 2: event 17: mark at 2.1 s"));
}

TEST(RepeatSummary, DoesNotCallMissingDigestsEqual) {
  EXPECT_EQ(repeat_summary({lost_record(), lost_record()}),
            "2 runs of two_cgroups: 2 infrastructure; no complete digest to compare\n");
}

TEST(FirstDifference, LooksAtInputsBeforeResults) {
  const RunRecord a = passing_record();
  EXPECT_EQ(first_difference(a, a), "");
  RunRecord b = a;
  b.workers[1].second.iterations += 1;
  EXPECT_EQ(first_difference(a, b), "worker 1 of cg_0, iterations: 46001 and 46002");
  b.marks.pop_back();
  EXPECT_EQ(first_difference(a, b), "number of events: 3 and 2");
  b.tuple.inputs["/scx"] = "aa";
  EXPECT_EQ(first_difference(a, b), "/scx was delivered to one of them only");
  b.tuple.seed = 2;
  EXPECT_EQ(first_difference(a, b), "seed: 1 and 2");
}

TEST(JsonReport, IsAnObjectForOneRunAndAListForSeveral) {
  EXPECT_THAT(json_report({passing_record()}), HasSubstr("\n \"verdict\": \"pass\""));
  EXPECT_THAT(json_report({passing_record(), passing_record()}), HasSubstr("\"digests_equal\": true"));
}

}  // namespace
}  // namespace ktstr
