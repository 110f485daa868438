// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/judge_kernel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runner/judge/taint.h"
#include "wire/kernel_reports.h"

namespace ktstr {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint64_t kWarned = 1u << 9, kDied = 1u << 7, kOutOfTree = 1u << 12, kUnsigned = 1u << 13;

GuestStory healthy() {
  GuestStory story;
  story.taint_at_start = 0;
  return story;
}

GuestStory warned() {
  GuestStory story = healthy();
  story.marks = {{.kind = StepMark::Kind::kStepStart, .step = 1, .at_ns = 100},
                 {.kind = StepMark::Kind::kStepStart, .step = 2, .at_ns = 200}};
  story.kernel_log = {"[    5.0] WARNING: kernel/foo.c:1 at foo+0x1/0x2, CPU#1: sh/61"};
  story.kernel_log_ns = {150};
  story.taint = kWarned;
  return story;
}

RunRecord judged(const RunRequest& request, const GuestStory& story, const GuestOutcome& guest = {}) {
  RunRecord record;
  judge_kernel(request, story, guest, record);
  return record;
}

TEST(JudgeKernel, HasNothingToSayOfAHealthyKernel) {
  const RunRecord record = judged({}, healthy());
  EXPECT_THAT(record.details, IsEmpty());
  EXPECT_THAT(record.checked, SizeIs(1));
  EXPECT_EQ(record.new_taint, "");
}

TEST(JudgeKernel, FailsForAReportWithTheStepInWhichItCame) {
  const RunRecord record = judged({}, warned());
  ASSERT_THAT(record.details, SizeIs(1));
  EXPECT_EQ(record.details[0].kind, DetailKind::kKernelWarning);
  EXPECT_EQ(record.details[0].verdict, Verdict::kFail);
  EXPECT_EQ(record.details[0].step, 1);
  EXPECT_THAT(record.details[0].message, HasSubstr("foo+0x1/0x2"));
  EXPECT_EQ(record.new_taint, "W");
  EXPECT_THAT(record.kernel_reports, SizeIs(1));
}

TEST(JudgeKernel, MakesANoteOfWhatIsAllowed) {
  const RunRecord record = judged({.settings = {.checks = {.kernel_log_allow = {"kernel/foo.c"}}}}, warned());
  ASSERT_THAT(record.details, SizeIs(1));
  EXPECT_EQ(record.details[0].kind, DetailKind::kNote);
  EXPECT_THAT(judged({.settings = {.checks = {.kernel_log_allow = {"kernel/bar.c"}}}}, warned()).details[0].kind,
              DetailKind::kKernelWarning);
}

TEST(JudgeKernel, IsSilentWhenSwitchedOff) {
  const RunRecord record = judged({.settings = {.checks = {.kernel_log = false}}}, warned());
  EXPECT_THAT(record.details, IsEmpty());
  EXPECT_THAT(record.checked, IsEmpty());
  EXPECT_EQ(record.new_taint, "W");
}

TEST(JudgeKernel, FailsForATaintThatNoReportExplains) {
  GuestStory story = healthy();
  story.taint = kWarned;
  const RunRecord record = judged({}, story);
  ASSERT_THAT(record.details, SizeIs(1));
  EXPECT_EQ(record.details[0].kind, DetailKind::kKernelTaint);
  EXPECT_THAT(record.details[0].message, HasSubstr("W (the kernel issued a warning)"));
}

TEST(JudgeKernel, MakesANoteOfAModuleThatTheTestLoaded) {
  GuestStory story = healthy();
  story.taint = kOutOfTree | kUnsigned;
  const RunRecord record = judged({}, story);
  ASSERT_THAT(record.details, SizeIs(1));
  EXPECT_EQ(record.details[0].kind, DetailKind::kNote);
  EXPECT_EQ(record.new_taint, "OE");
}

TEST(JudgeKernel, DoesNotCountATaintOfTheBoot) {
  GuestStory story = healthy();
  story.taint_at_start = story.taint = kDied;
  const RunRecord record = judged({}, story);
  ASSERT_THAT(record.details, SizeIs(1));
  EXPECT_EQ(record.details[0].kind, DetailKind::kNote);
  EXPECT_EQ(record.new_taint, "");
}

TEST(JudgeKernel, CannotDecideWhereLinesOfTheLogAreLost) {
  GuestStory story = healthy();
  story.kernel_log = {"[    5.0] " + lost_lines_text(12)};
  const RunRecord record = judged({}, story);
  ASSERT_THAT(record.details, SizeIs(1));
  EXPECT_EQ(record.details[0].verdict, Verdict::kInconclusive);
  EXPECT_EQ(record.details[0].kind, DetailKind::kLostEvidence);
}

TEST(JudgeKernel, ReadsTheConsoleOfAGuestThatDied) {
  const RunRecord record = judged(
      {}, healthy(),
      {.end = GuestEnd::kKernelPanic,
       .console_tail = {"[ 5.0] BUG: kernel NULL pointer dereference, address: 0", "[ 5.0] RIP: 0010:foo+0x1/0x2"}});
  ASSERT_THAT(record.details, SizeIs(1));
  EXPECT_EQ(record.details[0].kind, DetailKind::kKernelOops);
}

GuestOutcome silent(const VcpuState& vcpu) {
  return {.end = GuestEnd::kHang, .phase = Phase::kBody, .message = "no heartbeat", .vcpus = {vcpu}};
}

TEST(JudgeLostGuest, CallsACpuThatStaysInTheKernelItsHang) {
  RunRecord record;
  record.vcpus = {{.cpu = 0, .pc = 1, .symbol = "foo+0x1", .state = "kernel, interrupts off"}};
  EXPECT_TRUE(judge_lost_guest({}, healthy(), silent({}), record));
  ASSERT_FALSE(record.details.empty());
  EXPECT_EQ(record.details[0].kind, DetailKind::kKernelHang);
  EXPECT_THAT(record.details[0].message, HasSubstr("CPU 0 at foo+0x1 (kernel, interrupts off)"));
  EXPECT_EQ(record.outcome, Outcome::kFail);
}

// CPUs that wait for one that is held are slow to emulate.
TEST(JudgeLostGuest, DoesNotBlameTheKernelForCpusThatAreHeld) {
  RunRequest request;
  request.schedule = "f+0x0 to f+0x4 until write";
  GuestOutcome crawls = silent({});
  RunRecord silent_one;
  EXPECT_TRUE(judge_lost_guest(request, healthy(), crawls, silent_one)) << "no sign of life at all";
  crawls.crawls = true;
  RunRecord record;
  EXPECT_FALSE(judge_lost_guest(request, healthy(), crawls, record));
  EXPECT_THAT(record.details, testing::IsEmpty());
  EXPECT_TRUE(judge_lost_guest({}, healthy(), crawls, record)) << "nobody is held";
}

TEST(JudgeLostGuest, DoesNotBlameTheKernelForPrograms) {
  RunRecord record;
  EXPECT_TRUE(judge_lost_guest({}, healthy(), silent({.interrupts = true, .user = true}), record));
  EXPECT_EQ(record.details.at(0).kind, DetailKind::kStuck);
}

TEST(JudgeLostGuest, DecidesNothingOfAnIdleGuestOrOneThatQemuSaysNothingAbout) {
  RunRecord record;
  EXPECT_FALSE(judge_lost_guest({}, healthy(), silent({.halted = true, .interrupts = true}), record));
  EXPECT_FALSE(judge_lost_guest({}, healthy(), {.end = GuestEnd::kHang, .phase = Phase::kBody}, record));
  EXPECT_FALSE(judge_lost_guest({}, healthy(), {.end = GuestEnd::kEarlyExit, .phase = Phase::kBody}, record));
}

// A guest of several vCPUs, each emulated by a thread of its own, may run into a breakpoint that is gone.
TEST(JudgeLostGuest, DoubtsABreakpointThatQemuMayHaveSeenLate) {
  const GuestOutcome panicked = {.end = GuestEnd::kKernelPanic,
                                 .phase = Phase::kAttach,
                                 .message = "panic",
                                 .console_tail = {"[ 6.5] Oops: int3: 0000 [#2] SMP NOPTI",
                                                  "[ 6.5] CPU: 1 UID: 0 PID: 100 Comm: a Tainted: G      D",
                                                  "[ 6.5] RIP: 0010:set_next_task_idle+0x19/0x120"}};
  RunRequest request;
  request.settings.topology = {.numa_nodes = 1, .llcs = 1, .cores_per_llc = 2, .threads_per_core = 1};
  for (const auto& [mode, outcome] : {std::pair("tcg", Outcome::kInconclusive), std::pair("det", Outcome::kFail)}) {
    RunRecord record;
    record.mode = mode;
    EXPECT_TRUE(judge_lost_guest(request, healthy(), panicked, record));
    EXPECT_EQ(record.outcome, outcome) << mode;
    ASSERT_THAT(record.details, SizeIs(2));
    EXPECT_EQ(record.details[0].kind, DetailKind::kKernelPanic);
    EXPECT_EQ(record.details[1].message.find("may be QEMU's doing") != std::string::npos, outcome != Outcome::kFail);
  }
}

TEST(JudgeLostGuest, FailsForWhatTheKernelReportedBefore) {
  RunRecord record;
  EXPECT_TRUE(judge_lost_guest({}, warned(), {.end = GuestEnd::kEarlyExit, .phase = Phase::kBody}, record));
  EXPECT_EQ(record.details.at(0).kind, DetailKind::kKernelWarning);
}

TEST(JudgeLostGuest, SaysThatTheSchedulerWasEnabledWhereTheLogDoes) {
  GuestStory story = healthy();
  story.kernel_log_in_test = {"[    5.0] sched_ext: BPF scheduler \"ktstr\" enabled"};
  RunRecord record;
  record.scheduler().command = "scx_ktstr";
  judge_lost_guest({.scheduler = "scx_ktstr"}, story, silent({}), record);
  EXPECT_EQ(record.scheduler().state_at_start, "enabled");
  EXPECT_EQ(record.scheduler().ops, "ktstr");
  EXPECT_FALSE(scheduler_had_ended(story));
}

TEST(Taint, IsNamedByLetterAndMeaning) {
  EXPECT_EQ(taint_letters(kOutOfTree | kUnsigned | kWarned), "WOE");
  EXPECT_EQ(taint_letters(std::uint64_t{1} << 63), "?");
  EXPECT_THAT(describe_taint(kOutOfTree), HasSubstr("O (an out-of-tree module was loaded)"));
}

}  // namespace
}  // namespace ktstr
