// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/classify.h"

#include <gtest/gtest.h>

#include "ktstr/op.h"
#include "runner/expect/judge_expectation.h"

namespace ktstr {
namespace {

GuestStory attached_story() {
  GuestStory story;
  story.scheduler().attached =
      SchedulerRecord{.kind = SchedulerRecord::Kind::kAttached, .state = "enabled", .ops = "ktstr", .enable_seq = 1};
  story.scheduler().checked =
      SchedulerRecord{.kind = SchedulerRecord::Kind::kChecked, .state = "enabled", .ops = "ktstr", .enable_seq = 1};
  story.result = ResultRecord{};
  story.body_end = BodyEndRecord{.clean = true, .exit = "exited with status 0"};
  story.body_start_ns = 1'000'000'000;
  story.ended = true;
  return story;
}

RunRequest scheduler_request() { return {.settings = {.test = "t"}, .scheduler = "scx_ktstr"}; }

RunRecord classified(const RunRequest& request, const GuestStory& story, const GuestOutcome& guest = {}) {
  RunRecord record;
  classify(request, story, guest, record);
  return record;
}

void end_scheduler(GuestStory& story, std::string exit) {
  story.scheduler().checked->state = "disabled";
  story.scheduler().exited =
      SchedulerRecord{.kind = SchedulerRecord::Kind::kExited, .state = "disabled", .exit = std::move(exit)};
  story.scheduler().exited_ns = 1'500'000'000;
}

TEST(Classify, PassesWhenNothingWasFoundAndSaysWhatWasChecked) {
  const RunRecord record = classified(scheduler_request(), attached_story());
  EXPECT_EQ(record.outcome, Outcome::kPass);
  EXPECT_EQ(record.scheduler().ops, "ktstr");
  EXPECT_FALSE(record.checked.empty());
}

TEST(Classify, NamesACrashWithTheBpfSchedulersText) {
  GuestStory story = attached_story();
  end_scheduler(story, "exited with status 1");
  story.kernel_log_in_test = {"[    2.0] sched_ext: BPF scheduler \"ktstr\" enabled",
                              "[    2.5] sched_ext: BPF scheduler \"ktstr\" disabled (scx_bpf_error)",
                              "[    2.5] sched_ext: ktstr: crash requested"};
  const RunRecord record = classified(scheduler_request(), story);
  EXPECT_EQ(record.outcome, Outcome::kFail);
  EXPECT_EQ(record.details.at(0).kind, DetailKind::kSchedulerCrashed);
  EXPECT_NE(record.details[0].message.find("crash requested"), std::string::npos);
  EXPECT_NE(record.details[0].message.find("0.500 s after the body's start"), std::string::npos);
}

TEST(Classify, TellsAStallFromACrash) {
  GuestStory story = attached_story();
  end_scheduler(story, "exited with status 1");
  story.kernel_log_in_test = {"sched_ext: BPF scheduler \"ktstr\" enabled",
                              "sched_ext: BPF scheduler \"ktstr\" disabled (runnable task stall)",
                              "sched_ext: ktstr: cg_0/0[77] failed to run for 2.004s"};
  EXPECT_EQ(classified(scheduler_request(), story).details.at(0).kind, DetailKind::kSchedulerStalled);
}

TEST(Classify, PutsTheSchedulersEndBeforeItsConsequencesAndReplacesTheExecutorsGuess) {
  GuestStory story = attached_story();
  end_scheduler(story, "exited with status 0");
  story.result->result.details = {{.kind = DetailKind::kSchedulerExited, .message = "generic"},
                                  {.kind = DetailKind::kStuck, .message = "stuck"}};
  const RunRecord record = classified(scheduler_request(), story);
  ASSERT_EQ(record.details.size(), 2u);
  EXPECT_EQ(record.details[0].kind, DetailKind::kSchedulerExited);
  EXPECT_NE(record.details[0].message, "generic");
  EXPECT_EQ(record.details[1].kind, DetailKind::kStuck);
}

TEST(Classify, NamesTheVerifiersRefusal) {
  GuestStory story;
  story.scheduler().not_attached = SchedulerRecord{.kind = SchedulerRecord::Kind::kNotAttached, .state = "disabled"};
  story.scheduler().exited = SchedulerRecord{.kind = SchedulerRecord::Kind::kExited, .exit = "exited with status 1"};
  story.scheduler_log = {"-- BEGIN PROG LOAD LOG --",      "; *slot = cpu;",        "10: (7b) *(u64 *)(r0 +0) = r6",
                         "R1 invalid mem access 'scalar'", "Add a NULL check",      "processed 3 insns",
                         "-- END PROG LOAD LOG --",        "libbpf: failed to load"};
  const RunRecord record = classified(scheduler_request(), story);
  EXPECT_EQ(record.outcome, Outcome::kFail);
  EXPECT_EQ(record.details.at(0).kind, DetailKind::kSchedulerRejected);
  EXPECT_NE(record.details[0].message.find("invalid mem access"), std::string::npos);
}

TEST(Classify, CallsABootThatFailsInfrastructure) {
  const RunRecord record =
      classified(scheduler_request(), {}, {.end = GuestEnd::kKernelPanic, .phase = Phase::kBoot, .message = "x"});
  EXPECT_EQ(record.outcome, Outcome::kInfrastructure);
}

TEST(Classify, CallsAPanicUnderTestAFailure) {
  const RunRecord record = classified(scheduler_request(), attached_story(),
                                      {.end = GuestEnd::kKernelPanic, .phase = Phase::kBody, .message = "x"});
  EXPECT_EQ(record.outcome, Outcome::kFail);
  EXPECT_EQ(record.details.at(0).kind, DetailKind::kKernelPanic);
}

TEST(Classify, DoesNotBlameAnybodyForAGuestThatIsTooSmall) {
  const RunRecord record = classified(scheduler_request(), attached_story(),
                                      {.end = GuestEnd::kKernelPanic,
                                       .phase = Phase::kBody,
                                       .message = "Kernel panic - not syncing: System is deadlocked on memory"});
  EXPECT_EQ(record.outcome, Outcome::kInfrastructure);
  EXPECT_NE(record.error.find("the guest ran out of memory"), std::string::npos);
  EXPECT_NE(record.error_hint.find("give the guest more memory"), std::string::npos);
}

TEST(Classify, CallsALostGuestInfrastructure) {
  const RunRecord record =
      classified(scheduler_request(), attached_story(), {.end = GuestEnd::kHang, .phase = Phase::kBody});
  EXPECT_EQ(record.outcome, Outcome::kInfrastructure);
}

const std::vector<std::string> kOops = {"[ 5.0] BUG: kernel NULL pointer dereference, address: 0",
                                        "[ 5.0] RIP: 0010:foo+0x1/0x2"};

std::vector<DetailKind> kinds(const RunRecord& record) {
  std::vector<DetailKind> found;
  for (const Detail& detail : record.details) found.push_back(detail.kind);
  return found;
}

TEST(Classify, PutsAnOopsBeforeTheFloodThatFollowedIt) {
  GuestStory story = attached_story();
  story.kernel_log = kOops;
  const RunRecord record = classified(scheduler_request(), story, {.end = GuestEnd::kFlood, .phase = Phase::kBody});
  EXPECT_EQ(record.outcome, Outcome::kFail);
  EXPECT_EQ(kinds(record), (std::vector{DetailKind::kKernelOops, DetailKind::kOutputFlood}));
  EXPECT_FALSE(record.kernel_reports.empty());
}

TEST(Classify, FailsForAnOopsOfAGuestThatSaidTooMuchAndDecidesNothingWithoutIt) {
  GuestStory story = attached_story();
  const GuestOutcome guest{.end = GuestEnd::kTooMuchSaid, .phase = Phase::kBody};
  EXPECT_EQ(classified(scheduler_request(), story, guest).outcome, Outcome::kInconclusive);
  story.kernel_log = kOops;
  EXPECT_EQ(classified(scheduler_request(), story, guest).outcome, Outcome::kFail);
  RunRequest expecting = scheduler_request();
  expecting.expect_failure = "kernel_oops";
  EXPECT_EQ(classified(expecting, story, guest).outcome, Outcome::kInconclusive) << "the rest was not seen";
}

TEST(Classify, TakesNoFloodOfAProgramForTheKernelsWords) {
  const RunRecord record = classified(scheduler_request(), attached_story(),
                                      {.end = GuestEnd::kFlood, .phase = Phase::kBody, .console_tail = kOops});
  EXPECT_EQ(kinds(record), (std::vector{DetailKind::kOutputFlood}));
}

TEST(Classify, PutsAnOopsBeforeWhatTheAgentFailedAt) {
  const GuestOutcome guest{.phase = Phase::kDone};
  GuestStory story = attached_story();
  story.errors = {{ErrorCode::kIo, "cannot read the job", ""}};
  const RunRecord healthy = classified(scheduler_request(), story, guest);
  EXPECT_EQ(healthy.outcome, Outcome::kInfrastructure);
  EXPECT_EQ(healthy.error, "cannot read the job");
  RunRequest with_settings = scheduler_request();
  with_settings.setup.writes = {"/proc/sys/kernel/nothing=1"};
  EXPECT_EQ(classified(with_settings, story, guest).outcome, Outcome::kInfrastructure);
  story.errors.front().code = ErrorCode::kInvalidArgument;
  EXPECT_EQ(classified(with_settings, story, guest).outcome, Outcome::kBadInput);
  story.kernel_log = kOops;
  const RunRecord record = classified(scheduler_request(), story, guest);
  EXPECT_EQ(record.outcome, Outcome::kFail);
  EXPECT_EQ(record.error, "");
  ASSERT_EQ(kinds(record), (std::vector{DetailKind::kKernelOops, DetailKind::kLostEvidence}));
  EXPECT_EQ(record.details[1].message, "the guest's agent failed: cannot read the job");
  RunRequest expecting = scheduler_request();
  expecting.expect_failure = "kernel_oops";
  EXPECT_EQ(classified(expecting, story, guest).outcome, Outcome::kInconclusive) << "no pass";
}

TEST(Classify, PutsAnOopsBeforeWhatIsMissingInTheGuest) {
  RunRecord record;
  record.scheduler().command = "x.sh";
  GuestStory story;
  story.ended = true;
  story.scheduler().exited = SchedulerRecord{.kind = SchedulerRecord::Kind::kExited, .exit = "exited with status 127"};
  story.scheduler_log = {"x.sh: 2: scx_real: not found"};
  RunRecord with_oops = record;
  classify(scheduler_request(), story, {}, record);
  EXPECT_EQ(record.outcome, Outcome::kBadInput);
  story.kernel_log = kOops;
  classify(scheduler_request(), story, {}, with_oops);
  EXPECT_EQ(with_oops.outcome, Outcome::kFail);
  EXPECT_TRUE(std::any_of(with_oops.details.begin(), with_oops.details.end(),
                          [](const Detail& detail) { return detail.kind == DetailKind::kKernelOops; }));
}

TEST(Classify, CallsWhatTheGuestLacksForTheScenarioBadInput) {
  GuestStory story = attached_story();
  story.result->error = "step 1 failed: the machine lacks what it asks for: sysctl x: there is no /proc/sys/x";
  story.result->code = ErrorCode::kUnsupported;
  EXPECT_EQ(classified(scheduler_request(), story).outcome, Outcome::kBadInput);
  story.result->code = ErrorCode::kIo;
  EXPECT_EQ(classified(scheduler_request(), story).outcome, Outcome::kInfrastructure);
  story.result->code = ErrorCode::kUnsupported;
  story.kernel_log = kOops;
  EXPECT_EQ(classified(scheduler_request(), story).outcome, Outcome::kFail);
}

TEST(Classify, TellsACrashedBodyFromASlowOne) {
  RunRequest request{.settings = {.test = "t"}};
  GuestStory story;
  story.ended = true;
  story.body_end = BodyEndRecord{.exit = "killed by signal 11 (SIGSEGV)"};
  EXPECT_EQ(classified(request, story).details.at(0).kind, DetailKind::kBodyCrashed);
  EXPECT_NE(classified(request, story).details[0].message.find("its process was killed by signal 11"),
            std::string::npos);
  story.body_end->timed_out = true;
  EXPECT_EQ(classified(request, story).details.at(0).kind, DetailKind::kTimeout);
}

TEST(JudgeExpectation, ExcusesWhatAnExpectedFailureExplainsAndNoFaultOfTheKernel) {
  RunRecord record{.outcome = Outcome::kFail};
  record.details = {{.kind = DetailKind::kSchedulerStalled}, {.kind = DetailKind::kStuck}};
  RunRecord with_oops = record;
  judge_expectation("scheduler_stalled", {}, record);
  EXPECT_EQ(record.outcome, Outcome::kPass);
  with_oops.details.push_back({.kind = DetailKind::kKernelOops});
  RunRecord oops_expected = with_oops;
  judge_expectation("scheduler_stalled", {}, with_oops);
  EXPECT_EQ(with_oops.outcome, Outcome::kFail);
  EXPECT_EQ(with_oops.details.back().verdict, Verdict::kFail);
  RunRecord flooded = oops_expected;
  judge_expectation("kernel_oops", {}, oops_expected);
  EXPECT_EQ(oops_expected.outcome, Outcome::kPass);
  flooded.details.push_back({.kind = DetailKind::kOutputFlood});
  for (const char* expected : {"kernel_oops", "output_flood"}) {
    RunRecord record_of_both = flooded;
    judge_expectation(expected, {}, record_of_both);
    EXPECT_EQ(record_of_both.outcome, Outcome::kFail) << expected;
  }
}

TEST(Classify, TurnsAnExpectedFailureIntoAPassAndAnUnexpectedPassIntoAFailure) {
  RunRequest request = scheduler_request();
  request.expect_failure = "scheduler_exited";
  GuestStory story = attached_story();
  EXPECT_EQ(classified(request, story).outcome, Outcome::kFail);
  end_scheduler(story, "exited with status 0");
  EXPECT_EQ(classified(request, story).outcome, Outcome::kPass);
}

TEST(Classify, ABodyThatGaveItsResultAndDidNotEndWellIsAFailure) {
  GuestStory story = attached_story();
  ASSERT_EQ(classified(scheduler_request(), story).outcome, Outcome::kPass);
  story.body_end = BodyEndRecord{.exit = "killed by signal 6 (SIGABRT)"};
  const RunRecord crashed = classified(scheduler_request(), story);
  EXPECT_EQ(crashed.outcome, Outcome::kFail);
  EXPECT_EQ(crashed.details.at(0).kind, DetailKind::kBodyCrashed);
  story.body_end = BodyEndRecord{.timed_out = true, .exit = "killed by signal 9 (SIGKILL)"};
  EXPECT_EQ(classified(scheduler_request(), story).details.at(0).kind, DetailKind::kTimeout);
}

TEST(Classify, KeepsWhatTheScenarioSaidHoweverTheGuestEnded) {
  GuestStory story = attached_story();
  story.stimuli = {{.at_ns = 7,
                    .elapsed_ms = 1,
                    .step = 2,
                    .ops = 3,
                    .op_kinds = {"add_cgroup", "set_smt"},
                    .cgroups = 4,
                    .workers = 5,
                    .iterations = 6}};
  story.payloads = {{.name = "fio"}};
  story.result->result.payloads = {{.name = "late"}};
  story.result->result.captures = {{"before", "cg_0", 1, {101}}};
  for (const GuestEnd end : {GuestEnd::kCompleted, GuestEnd::kKernelPanic, GuestEnd::kHang}) {
    const RunRecord record = classified(scheduler_request(), story, {.end = end, .phase = Phase::kBody});
    ASSERT_EQ(record.stimuli.size(), 1u);
    EXPECT_EQ(record.stimuli[0].at_ns, 7u);
    EXPECT_EQ(record.stimuli[0].op_kinds, (std::vector<std::string>{"add_cgroup", "set_smt"}));
    EXPECT_EQ(record.stimuli[0].workers, 5);
    EXPECT_EQ(record.stimuli[0].iterations, 6u);
    ASSERT_EQ(record.payloads.size(), 2u);
    EXPECT_EQ(record.payloads[0].name, "fio");
    EXPECT_EQ(record.payloads[1].name, "late");
    EXPECT_EQ(record.captures.at(0).pids, std::vector<int>{101});
  }
}

TEST(Classify, KeepsWhatWasLastSeenOfWorkersWithoutAReport) {
  GuestStory story = attached_story();
  WorkerReport moved;  // reported from where it was in the end
  moved.cgroup = "cg_1", moved.index = 4, moved.pid = 101, moved.started_ns = 7;
  story.workers = {moved};
  GuestOutcome guest{.end = GuestEnd::kKernelPanic, .phase = Phase::kBody, .message = "x"};
  guest.live.workers = {{.cgroup = "cg_1", .index = 0, .pid = 103, .started_ns = 7},
                        {.cgroup = "cg_0", .index = 0, .pid = 101, .started_ns = 7},
                        // The pid is that of another one by now.
                        {.cgroup = "cg_0", .index = 1, .pid = 101, .started_ns = 9, .iterations = 12},
                        {.cgroup = "cg_0", .index = 0, .pid = 102, .started_ns = 7}};
  guest.live.beyond = 3;
  const RunRecord record = classified(scheduler_request(), story, guest);
  ASSERT_EQ(record.last_seen.size(), 3u);
  EXPECT_EQ(record.last_seen[0].pid, 102);
  EXPECT_EQ(record.last_seen[1].iterations, 12u);
  EXPECT_EQ(record.last_seen[2].cgroup, "cg_1");
  EXPECT_EQ(record.unseen_workers, 3u);
  EXPECT_EQ(record.outcome, Outcome::kFail);
  ASSERT_EQ(record.workers.size(), 1u) << "what they did is no report, and judged by nobody";
}

TEST(OutcomeOfError, BlamesTheUserOnlyForWhatTheUserNamed) {
  const Error missing(ErrorCode::kNotFound, "x");
  EXPECT_EQ(outcome_of_error(missing, true), Outcome::kBadInput);
  EXPECT_EQ(outcome_of_error(missing, false), Outcome::kInfrastructure);
  EXPECT_EQ(outcome_of_error(Error(ErrorCode::kNoSpace, "x"), true), Outcome::kInfrastructure);
}

}  // namespace
}  // namespace ktstr
