// SPDX-License-Identifier: Apache-2.0
// The texts are what the formats of 6.18.15 and 7.3.4 print (strings of their vmlinux).
#include "sched_ext/exit_reason.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

using Kind = KernelLogVerdict::Kind;

TEST(SchedulerExit, IsNothingWhereTheLogSaysNothing) {
  EXPECT_EQ(parse_scheduler_exit({}).kind, Kind::kNone);
  const auto verdict = parse_scheduler_exit(
      {"[    1.2] Run /init as init process", "[    2.9] sched_ext: BPF scheduler \"ktstr\" enabled"});
  EXPECT_EQ(verdict.kind, Kind::kNone);
  EXPECT_TRUE(verdict.enabled);
  EXPECT_EQ(verdict.ops, "ktstr");
}

TEST(SchedulerExit, IsCleanWhenTheLoaderEnded) {
  const auto verdict = parse_scheduler_exit(
      {"[    2.913402] sched_ext: BPF scheduler \"ktstr\" enabled",
       "[    4.101993] sched_ext: BPF scheduler \"ktstr\" disabled (unregistered from user space)"});
  EXPECT_EQ(verdict.kind, Kind::kClean);
  EXPECT_EQ(verdict.reason, "unregistered from user space");
  EXPECT_EQ(verdict.message, "");
}

TEST(SchedulerExit, IsCleanForEveryReasonThatIsNoError) {
  for (const char* reason : {"unregistered from user space", "unregistered from BPF",
                             "unregistered from the main kernel", "disabled by sysrq-S"}) {
    const auto verdict =
        parse_scheduler_exit({std::string("sched_ext: BPF scheduler \"a\" disabled (") + reason + ")"});
    EXPECT_EQ(verdict.kind, Kind::kClean) << reason;
    EXPECT_EQ(verdict.reason, reason);
  }
}

TEST(SchedulerExit, GivesTheTextOfScxBpfError) {
  const auto verdict =
      parse_scheduler_exit({"[    2.91] sched_ext: BPF scheduler \"ktstr\" enabled",
                            "[    3.50] sched_ext: BPF scheduler \"ktstr\" disabled (scx_bpf_error)",
                            "[    3.50] sched_ext: ktstr: fault: bad cpu (4) in dispatch: giving up",
                            "[    3.50]    scx_bpf_error_bstr+0x6f/0x80", "[    3.50]    bpf_prog_8f+0x12/0x20"});
  EXPECT_EQ(verdict.kind, Kind::kCrashed);
  EXPECT_EQ(verdict.ops, "ktstr");
  EXPECT_EQ(verdict.reason, "scx_bpf_error");
  EXPECT_EQ(verdict.message, "fault: bad cpu (4) in dispatch: giving up");
}

TEST(SchedulerExit, IsAStallWhenTheWatchdogEndedIt) {
  const auto verdict =
      parse_scheduler_exit({"[    2.91][    T1] sched_ext: BPF scheduler \"ktstr\" enabled (partial)",
                            "[    8.50][  T123] sched_ext: BPF scheduler \"ktstr\" disabled (runnable task stall)",
                            "[    8.50][  T123] sched_ext: ktstr: worker[123] failed to run for 5.004s"});
  EXPECT_EQ(verdict.kind, Kind::kStalled);
  EXPECT_EQ(verdict.message, "worker[123] failed to run for 5.004s");
}

TEST(SchedulerExit, IsACrashForARuntimeErrorAndKeepsTheKernelsMessage) {
  const auto verdict =
      parse_scheduler_exit({"6,400,2910000,-;sched_ext: BPF scheduler \"ktstr\" enabled",
                            "3,401,3500000,-;sched_ext: BPF scheduler \"ktstr\" disabled (runtime error)",
                            "3,402,3500010,-;sched_ext: ktstr: invalid CPU 99\n"});
  EXPECT_EQ(verdict.kind, Kind::kCrashed);
  EXPECT_EQ(verdict.reason, "runtime error");
  EXPECT_EQ(verdict.message, "invalid CPU 99");
}

TEST(SchedulerExit, IsARejectionBeforeItWasEnabled) {
  const auto verdict = parse_scheduler_exit({"<3>[    2.9] sched_ext: BPF scheduler \"ktstr\" disabled (runtime error)",
                                             "<3>[    2.9] sched_ext: ktstr: ops.init() failed (-22)"});
  EXPECT_EQ(verdict.kind, Kind::kRejected);
  EXPECT_EQ(verdict.message, "ops.init() failed (-22)");
  EXPECT_FALSE(verdict.enabled);
  EXPECT_EQ(parse_scheduler_exit({"[    2.9] sched_ext: Not compatible with \"isolcpus=\" domain isolation"}).kind,
            Kind::kRejected);
}

TEST(SchedulerExit, KeepsTheFirstErrorAndPrefersItToACleanExit) {
  const auto verdict = parse_scheduler_exit(
      {"sched_ext: BPF scheduler \"a\" enabled",
       "sched_ext: BPF scheduler \"a\" disabled (unregistered from user space)",
       "sched_ext: BPF scheduler \"b\" enabled", "sched_ext: BPF scheduler \"b\" disabled (scx_bpf_error)",
       "sched_ext: b: first", "sched_ext: BPF scheduler \"c\" enabled",
       "sched_ext: BPF scheduler \"c\" disabled (scx_bpf_error)", "sched_ext: c: second"});
  EXPECT_EQ(verdict.ops, "b");
  EXPECT_EQ(verdict.message, "first");
}

TEST(SchedulerExit, PassesOverSubSchedulersAndLinesThatOnlyQuoteTheKernel) {
  EXPECT_EQ(parse_scheduler_exit({"sched_ext: BPF sub-scheduler \"x\" disabled (runtime error)"}).kind, Kind::kNone);
  EXPECT_EQ(parse_scheduler_exit({"echo sched_ext: BPF scheduler \"x\" disabled (runtime error)"}).kind, Kind::kNone);
}

TEST(SchedulerExit, SurvivesNonsense) {
  for (const char* line :
       {"sched_ext: ", "sched_ext: BPF scheduler \"", "sched_ext: BPF scheduler \"\" ", "[", "<", ",;", "[]",
        "sched_ext: BPF scheduler \"a\" disabled (", "sched_ext: BPF scheduler \"a\" disabled"})
    EXPECT_EQ(parse_scheduler_exit({line}).kind, Kind::kNone) << line;
}

TEST(SchedulerExit, TakesNoMessageOfAnother) {
  const auto verdict = parse_scheduler_exit({"sched_ext: BPF scheduler \"a\" enabled",
                                             "sched_ext: BPF scheduler \"a\" disabled (runtime error)",
                                             "sched_ext: b: not mine", "sched_ext: a: too late"});
  EXPECT_EQ(verdict.message, "");
}

TEST(SchedulerExit, SaysWhoEndedIt) {
  for (const auto& [reason, by] :
       {std::pair("unregistered from user space", EndedBy::kUserSpace),
        std::pair("unregistered from BPF", EndedBy::kBpf),
        std::pair("unregistered from the main kernel", EndedBy::kHotplug),
        std::pair("disabled by sysrq-S", EndedBy::kSysrq), std::pair("parent exiting", EndedBy::kParent),
        std::pair("runnable task stall", EndedBy::kWatchdog), std::pair("scx_bpf_error", EndedBy::kBpfError),
        std::pair("runtime error", EndedBy::kKernelError), std::pair("something new", EndedBy::kKernelError)}) {
    const auto verdict =
        parse_scheduler_exit({std::string("sched_ext: BPF scheduler \"a\" disabled (") + reason + ")"});
    ASSERT_EQ(verdict.exits.size(), 1u);
    EXPECT_EQ(verdict.by, by) << reason;
  }
}

// As scx_simple of Linux 7.3 does where CPUs go on- and offline while it loads itself again.
TEST(SchedulerExit, SeesThatItAttachedAgainAtTheSecondAttempt) {
  const KernelLogVerdict verdict = parse_scheduler_exit(
      {"[   10.909590] sched_ext: BPF scheduler \"simple\" enabled",
       "[   12.760019] sched_ext: BPF scheduler \"simple\" disabled (unregistered from the main kernel)",
       "[   19.679180] sched_ext: BPF scheduler \"simple\" disabled (unregistered from the main kernel)",
       "[   21.729574] sched_ext: BPF scheduler \"simple\" enabled"});
  ASSERT_EQ(verdict.exits.size(), 2u);
  EXPECT_TRUE(verdict.exits[0].attached_again);
  EXPECT_DOUBLE_EQ(verdict.exits[0].again_s, 19.679180);
  EXPECT_TRUE(verdict.exits[1].attached_again);
  EXPECT_DOUBLE_EQ(verdict.exits[1].again_s, 21.729574);
}

TEST(SchedulerExit, SeesThatItAttachedAgain) {
  const auto verdict =
      parse_scheduler_exit({"sched_ext: BPF scheduler \"a\" enabled",
                            "[    3.500] sched_ext: BPF scheduler \"a\" disabled (unregistered from the main kernel)",
                            "[    4.250] sched_ext: BPF scheduler \"a\" enabled",
                            "sched_ext: BPF scheduler \"a\" disabled (unregistered from the main kernel)",
                            "sched_ext: BPF scheduler \"b\" enabled"});
  ASSERT_EQ(verdict.exits.size(), 2u);
  EXPECT_TRUE(verdict.exits[0].attached_again);
  EXPECT_EQ(verdict.exits[0].ended_s, 3.5);
  EXPECT_EQ(verdict.exits[0].again_s, 4.25);
  EXPECT_FALSE(verdict.exits[1].attached_again) << "that is another one";
}

TEST(SchedulerExit, TakesTheMessageOfAnOrderlyExitFromTheSchedulersOutput) {
  auto exits = parse_scheduler_exit({"sched_ext: BPF scheduler \"a\" disabled (unregistered from the main kernel)",
                                     "sched_ext: BPF scheduler \"a\" enabled",
                                     "sched_ext: BPF scheduler \"a\" disabled (unregistered from the main kernel)"})
                   .exits;
  take_messages_from_output(
      {"EXIT: unregistered from the main kernel (cpu 3 going offline, exiting scheduler) on CPU 1",
       "x: ended: kind=66 code=1 reason=\"unregistered from the main kernel\" msg=\"cpu 3 going online\""},
      exits);
  EXPECT_EQ(exits.at(0).message, "cpu 3 going offline, exiting scheduler");
  EXPECT_EQ(exits.at(1).message, "cpu 3 going online");
}

}  // namespace
}  // namespace ktstr
