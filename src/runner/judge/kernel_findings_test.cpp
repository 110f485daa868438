// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/kernel_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ktstr {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Of Linux 7.3, shortened.
const std::vector<std::string> kOopsLines = {
    "[    8.045333] BUG: kernel NULL pointer dereference, address: 0000000000000000",
    "[    8.045602] #PF: supervisor write access in kernel mode",
    "[    8.046526] Oops: Oops: 0002 [#1] SMP PTI",
    "[    8.046777] CPU: 1 UID: 0 PID: 103 Comm: load module Tainted: G           OE       7.3.4+deb13-cloud-amd64 #1",
    "[    8.047973] RIP: 0010:ktstr_fault+0x14/0x130 [ktstr_faults]",
    "[    8.051939] Call Trace:",
    "[    8.052457]  ? load+0xd/0x20 [ktstr_faults]",
    "[    8.057492] ---[ end trace 0000000000000000 ]---",
    "[    8.057715] RIP: 0010:ktstr_fault+0x14/0x130 [ktstr_faults]",
    "[    8.058721] note: load_module[103] exited with irqs disabled"};

std::vector<std::string> warning(const std::string& place, const std::string& said = "") {
  std::vector<std::string> lines = {"[    5.000001] ------------[ cut here ]------------"};
  if (!said.empty()) lines.push_back("[    5.000002] " + said);
  lines.push_back("[    5.000003] WARNING: kernel/foo.c:123 at " + place + ", CPU#1: sh/61");
  lines.push_back("[    5.000004] RIP: 0010:" + place);
  lines.push_back("[    5.000005] ---[ end trace 0000000000000000 ]---");
  return lines;
}

TEST(KernelFindings, AreOneForAnOopsWithItsPlaceTaskAndCpu) {
  const auto found = kernel_findings(kOopsLines, std::vector<std::uint64_t>(kOopsLines.size(), 7));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, DetailKind::kKernelOops);
  EXPECT_EQ(found[0].what, "BUG: kernel NULL pointer dereference, address: 0000000000000000");
  EXPECT_EQ(found[0].place, "ktstr_fault+0x14/0x130 [ktstr_faults]");
  EXPECT_EQ(found[0].task, "load module[103]");
  EXPECT_EQ(found[0].cpu, 1);
  EXPECT_EQ(found[0].at_ns, 7u);
  EXPECT_THAT(found[0].lines, SizeIs(8));
}

TEST(KernelFindings, SayWhatAWarningWasGivenToSay) {
  const auto found = kernel_findings(warning("foo+0x1/0x2", "refcount_t: underflow; use-after-free."));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, DetailKind::kKernelWarning);
  EXPECT_THAT(found[0].what, HasSubstr("refcount_t: underflow"));
  EXPECT_THAT(found[0].what, HasSubstr("kernel/foo.c:123"));
  EXPECT_EQ(found[0].place, "foo+0x1/0x2");
  EXPECT_EQ(found[0].task, "sh[61]");
  EXPECT_EQ(found[0].cpu, 1);
}

TEST(KernelFindings, ReadTheOlderFormOfAWarning) {
  const auto found = kernel_findings({"------------[ cut here ]------------",
                                      "WARNING: CPU: 3 PID: 61 at kernel/foo.c:123 foo+0x1/0x2 [mod]",
                                      "CPU: 3 UID: 0 PID: 61 Comm: sh Not tainted 6.18.15 #1"});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].place, "kernel/foo.c:123 foo+0x1/0x2 [mod]");
  EXPECT_EQ(found[0].task, "sh[61]");
  EXPECT_EQ(found[0].cpu, 3);
}

TEST(KernelFindings, CountEqualReportsAndTellOthersApart) {
  auto lines = warning("foo+0x1/0x2");
  for (const auto& more : {warning("foo+0x1/0x2"), warning("bar+0x1/0x2"), warning("foo+0x1/0x2")})
    lines.insert(lines.end(), more.begin(), more.end());
  const auto found = kernel_findings(lines);
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0].count, 3);
  EXPECT_EQ(found[1].count, 1);
}

TEST(KernelFindings, NameATaskThatHangsAndWhereItSleeps) {
  const auto found = kernel_findings({"[   20.0] INFO: task insmod:61 blocked for more than 10 seconds.",
                                      "[   20.0] task:insmod          state:D stack:0     pid:61    tgid:61",
                                      "[   20.0] Call Trace:", "[   20.0]  <TASK>", "[   20.0]  __schedule+0x1/0x2",
                                      "[   20.0]  schedule+0x1/0x2", "[   20.0]  schedule_timeout+0x1/0x2",
                                      "[   20.0]  msleep+0x2d/0x40"});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, DetailKind::kHungTask);
  EXPECT_EQ(found[0].task, "insmod[61]");
  EXPECT_EQ(found[0].place, "msleep+0x2d/0x40");
}

TEST(KernelFindings, TakeTheLinesOfAStallTogether) {
  const auto found = kernel_findings({"[   30.0] rcu: INFO: rcu_preempt self-detected stall on CPU",
                                      "[   30.0] rcu: \\x091-....: (5249 ticks this GP) idle=9b4c/1/0x4000000000000000",
                                      "[   30.0] rcu: rcu_preempt kthread starved for 5252 jiffies! g-1003",
                                      "[   30.0] CPU: 1 UID: 0 PID: 61 Comm: spin Not tainted 7.3.4 #1",
                                      "[   30.0] RIP: 0010:spin+0x5/0x10 [ktstr_faults]"});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, DetailKind::kRcuStall);
  EXPECT_EQ(found[0].cpu, 1);
  EXPECT_EQ(found[0].place, "spin+0x5/0x10 [ktstr_faults]");
}

TEST(KernelFindings, NameTheTaskOfASoftLockupAndOfASleepInAtomicContext) {
  auto found = kernel_findings({"[ 40.0] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [insmod:61]"});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, DetailKind::kLockup);
  EXPECT_EQ(found[0].task, "insmod[61]");
  EXPECT_EQ(found[0].cpu, 0);
  found = kernel_findings({"[ 40.0] BUG: scheduling while atomic: insmod/61/0x00000002"});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, DetailKind::kLockdep);
  EXPECT_EQ(found[0].task, "insmod[61]");
}

TEST(KernelFindings, AreNoneInWhatSchedExtSaysOfASchedulersEnd) {
  EXPECT_THAT(kernel_findings({"[    2.0] sched_ext: BPF scheduler \"x\" enabled",
                               "[    5.0] sched_ext: BPF scheduler \"x\" disabled (runnable task stall)",
                               "[    5.0] sched_ext: x: worker[77] failed to run for 2.004s",
                               "[    5.0]    scx_watchdog_workfn+0x1/0x2", "[    5.0]    process_one_work+0x1/0x2"}),
              IsEmpty());
}

TEST(KernelFindings, EndWhereTheKernelSaysSomethingElseLater) {
  const auto found = kernel_findings({"[   10.0] INFO: task a:1 blocked for more than 10 seconds.",
                                      "[   12.0] Call Trace:", "[   12.0]  msleep+0x1/0x2"});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].place, "");
}

TEST(KernelFindings, AreBounded) {
  std::vector<std::string> lines;
  for (int i = 0; i < 1000; ++i) {
    lines.push_back(fmt::format("[{:5}.0] WARNING: kernel/foo.c:1 at foo{}+0x1/0x2, CPU#1: sh/61", i, i));
    for (int k = 0; k < 200; ++k) lines.push_back(fmt::format("[{:5}.0] more", i));
  }
  const auto found = kernel_findings(lines);
  ASSERT_THAT(found, SizeIs(kMostKernelFindings));
  EXPECT_THAT(found[0].lines, SizeIs(kMostReportLines));
}

TEST(KernelFindings, SurviveLinesWithoutSense) {
  for (const char* line :
       {"", "[", "[]", "[ ]", "WARNING: ", "BUG: ", "INFO: task  blocked ", "INFO: task : blocked for",
        "-[ cut here ]-", "BUG: scheduling while atomic: /", "rcu: self-detected stall on CPU -...."})
    kernel_findings({line, line, "------------[ cut here ]------------", line});
}

}  // namespace
}  // namespace ktstr
