// SPDX-License-Identifier: Apache-2.0
#include "runner/expect/expected_words_said.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runner/expect/judge_expectation.h"

namespace ktstr {
namespace {

using ::testing::HasSubstr;

GuestStory crashed_story() {
  GuestStory story;
  story.kernel_log = {"[    2.1] sched_ext: BPF scheduler \"mine\" enabled",
                      "[    2.4] sched_ext: BPF scheduler \"mine\" disabled (scx_bpf_error)",
                      "[    2.4] sched_ext: mine: no CPU for worker[7]", "[    2.5] usb: boom"};
  story.scheduler_log = {"mine: attached",
                         "a[1] triggered exit kind 1025:",
                         "  scx_bpf_error (no CPU for worker[7])",
                         "CPU 0   : nr_run=1 flags=0x1",
                         "  R worker[7] -10ms",
                         "      cpus=3",
                         "=======================",
                         "mine: bye"};
  return story;
}

RunRecord record_of(std::vector<Detail> details) {
  RunRecord record{.outcome = Outcome::kFail};
  record.details = std::move(details);
  return record;
}

RunRecord crashed() {
  return record_of(
      {{.kind = DetailKind::kSchedulerCrashed, .message = "its BPF code ended it"}, {.kind = DetailKind::kStuck}});
}

RunRecord judged(const ExpectedFailure& expected, RunRecord record) {
  judge_expectation(expected, crashed_story(), record);
  return record;
}

TEST(ExpectedWordsSaid, AreFoundWhereTheyWereSaid) {
  const auto where = [](const ExpectedFailure& expected) {
    return where_expected_words_are(expected, crashed_story(), crashed());
  };
  EXPECT_EQ(where("scheduler_crashed"), "in its message");
  EXPECT_EQ(where(ExpectedFailure::with_text("scheduler_crashed", "BPF code")), "in its message");
  EXPECT_EQ(where(ExpectedFailure::with_pattern("scheduler_crashed", "no CPU for worker\\[\\d+\\]")),
            "in the scheduler's exit message");
  EXPECT_EQ(where(ExpectedFailure::with_text("scheduler_crashed", "nr_run=1")), "in the scheduler's dump");
  EXPECT_EQ(where(ExpectedFailure::with_text("scheduler_crashed", "mine: bye")), "in the scheduler's log");
  EXPECT_EQ(where(ExpectedFailure::with_text("scheduler_crashed", "usb: boom")), "") << "not about the scheduler";
  EXPECT_EQ(where(ExpectedFailure::with_text("stuck", "nr_run=1")), "") << "a worker's failure is no scheduler's";
  GuestStory warned = crashed_story();
  EXPECT_EQ(where_expected_words_are(ExpectedFailure::with_text("kernel_warning", "usb: boom"), warned, crashed()),
            "in the kernel's log");
  warned.body_log = {"terminate called"};
  EXPECT_EQ(where_expected_words_are(ExpectedFailure::with_text("body_crashed", "terminate"), warned, crashed()),
            "in the body's log");
}

TEST(JudgeExpectation, PassesTheRightFailureWithTheRightWords) {
  const RunRecord record = judged(ExpectedFailure::with_text("scheduler_crashed", "no CPU for"), crashed());
  EXPECT_EQ(record.outcome, Outcome::kPass);
  EXPECT_EQ(record.checked.back().text,
            "expected failure: scheduler_crashed with 'no CPU for', in the scheduler's exit message");
  EXPECT_EQ(judged("scheduler_crashed", crashed()).checked.back().text, "expected failure: scheduler_crashed");
}

TEST(JudgeExpectation, FailsTheRightFailureWithOtherWordsAndSaysSo) {
  for (const auto& expected : {ExpectedFailure::with_text("scheduler_crashed", "no DSQ for"),
                               ExpectedFailure::with_pattern("scheduler_crashed", "no D.Q")}) {
    const RunRecord record = judged(expected, crashed());
    EXPECT_EQ(record.outcome, Outcome::kFail);
    EXPECT_EQ(record.details.front().kind, DetailKind::kUser);
    EXPECT_EQ(
        record.details.front().message,
        "expected a failure of " + expected.describe() +
            ": the kind came, but the words are not in its message, the scheduler's exit message, dump and log: its "
            "BPF code ended it");
    EXPECT_EQ(record.details.at(1).verdict, Verdict::kFail) << "nothing is excused";
  }
}

TEST(JudgeExpectation, KnowsNotWhetherWordsWereSaidThatAreNotKept) {
  GuestStory story = crashed_story();
  story.outputs = {{.stream = LogRecord::Stream::kScheduler, .printed = 9, .dropped = 4}};
  RunRecord record = crashed();
  judge_expectation(ExpectedFailure::with_text("scheduler_crashed", "no DSQ for"), story, record);
  EXPECT_EQ(record.outcome, Outcome::kInconclusive);
  EXPECT_THAT(record.details.front().message, HasSubstr("not all that was printed is kept"));
  RunRecord oops = crashed();
  oops.details.push_back({.kind = DetailKind::kKernelOops});
  judge_expectation(ExpectedFailure::with_text("scheduler_crashed", "no DSQ for"), story, oops);
  EXPECT_EQ(oops.outcome, Outcome::kFail);
}

TEST(ExpectedWordsSaid, AreNotThoseOfTheOrderlyEndAfterTheTest) {
  GuestStory story = crashed_story();
  story.kernel_log.push_back("[    3.1] sched_ext: BPF scheduler \"mine\" disabled (unregistered from user space)");
  const auto where = [&](const char* kind) {
    return where_expected_words_are(ExpectedFailure::with_text(kind, "unregistered"), story, crashed());
  };
  EXPECT_EQ(where("scheduler_crashed"), "");
  EXPECT_EQ(where("scheduler_exited"), "in the scheduler's exit message");
}

TEST(JudgeExpectation, FailsAPassAndAnotherKindAndSaysWhich) {
  const auto expected = ExpectedFailure::with_text("scheduler_stalled", "no CPU for");
  const RunRecord other = judged(expected, crashed());
  EXPECT_EQ(other.outcome, Outcome::kFail);
  EXPECT_EQ(other.details.front().message,
            "expected a failure of kind 'scheduler_stalled', which did not come: what failed is of kind "
            "'scheduler_crashed', 'stuck'");
  const RunRecord pass = judged(expected, record_of({{.verdict = Verdict::kPass, .kind = DetailKind::kNote}}));
  EXPECT_EQ(pass.outcome, Outcome::kFail);
  EXPECT_THAT(pass.details.front().message, HasSubstr("which did not come: nothing failed"));
}

TEST(JudgeExpectation, ExcusesNoFaultOfTheKernelForTheRightWords) {
  RunRecord record = crashed();
  record.details.push_back({.kind = DetailKind::kKernelOops});
  EXPECT_EQ(judged(ExpectedFailure::with_text("scheduler_crashed", "no CPU for"), record).outcome, Outcome::kFail);
}

}  // namespace
}  // namespace ktstr
