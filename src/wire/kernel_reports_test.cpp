// SPDX-License-Identifier: Apache-2.0
#include "wire/kernel_reports.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

TEST(KernelReports, AreKnownByTheirFirstLine) {
  const std::pair<std::string_view, DetailKind> lines[] = {
      {"BUG: kernel NULL pointer dereference, address: 0000000000000000", DetailKind::kKernelOops},
      {"kernel BUG at mm/slub.c:4123!", DetailKind::kKernelOops},
      {"Oops: general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] SMP",
       DetailKind::kKernelOops},
      {"WARNING: CPU: 0 PID: 61 at kernel/sched/core.c:123 schedule+0x1/0x2", DetailKind::kKernelWarning},
      {"WARNING: kernel/sched/core.c:123 at schedule+0x1/0x2, CPU#0: sh/61", DetailKind::kKernelWarning},
      {"WARNING: possible circular locking dependency detected", DetailKind::kLockdep},
      {"BUG: scheduling while atomic: insmod/61/0x00000002", DetailKind::kLockdep},
      {"INFO: task insmod:61 blocked for more than 10 seconds.", DetailKind::kHungTask},
      {"rcu: INFO: rcu_preempt self-detected stall on CPU", DetailKind::kRcuStall},
      {"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:", DetailKind::kRcuStall},
      {"watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [insmod:61]", DetailKind::kLockup},
      {"watchdog: CPU0: Watchdog detected hard LOCKUP on cpu 0", DetailKind::kLockup},
  };
  for (const auto& [line, kind] : lines) EXPECT_EQ(kernel_report_kind(line), kind) << line;
}

TEST(KernelReports, AreNotSeenInWhatElseAKernelSays) {
  for (const std::string_view line :
       {"sched_ext: BPF scheduler \"x\" disabled (runnable task stall)", "sched_ext: Soft lockup - CPU0 stuck for 26s",
        "Memory cgroup out of memory: Killed process 61 (sh)", "workqueue: drain hogged CPU for >10000us 4 times",
        "clocksource: timekeeping watchdog on CPU0: Marking clocksource 'tsc' as unstable",
        "Call Trace:", "hrtimer: interrupt took 123456 ns", "ktstr_faults: loading out-of-tree module taints kernel.",
        "the user's WARNING: nothing", ""})
    EXPECT_FALSE(kernel_report_kind(line)) << line;
}

TEST(KernelReports, AreNotSeenInWhatAKernelSaysOfProgramsAndCgroupsOfAnyName) {
  for (const std::string_view line :
       {"BUG: x[123]: segfault at 0 ip 0000000000000000 sp 00007ffe error 14 in x[400000+1000]",
        "traps: BUG: x[123] general protection fault ip:401136 sp:7ffe error:0 in x[401000+1000]",
        "traps: PANIC: x[123] trap invalid opcode ip:401136 sp:7ffe error:0",
        "Oops: [123]: segfault at 0 ip 0 sp 0 error 4", "WARNING: ab cde[1]: segfault at 0 ip 0 sp 0 error 4",
        "BUG: \\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b[1]: segfault at 0 ip 0 sp 0 error 4",
        "BUG: [5] a[123] bad frame in rt_sigreturn frame:0 ip:0 sp:0 orax:0",
        "BUG: x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
        "BUG: x: page allocation failure: order:4, mode:0xcc0(GFP_KERNEL)", "BUG: x (123): drop_caches: 3",
        "hard LOCKUP[123]: segfault at 0 ip 0 sp 0 error 4",
        "Memory cgroup out of memory: Killed process 123 (hard LOCKUP) total-vm:1kB",
        "Memory cgroup stats for /BUG: soft lockup:"})
    EXPECT_FALSE(kernel_report_kind(line)) << line;
  EXPECT_FALSE(is_cut_here("-[ cut here ]-[123]: segfault at 0 ip 0 sp 0 error 4"));
}

TEST(KernelReports, AreSeenWhateverTheProgramInThemIsCalled) {
  EXPECT_EQ(kernel_report_kind("INFO: task x[1]: y:61 blocked for more than 10 seconds."), DetailKind::kHungTask);
  EXPECT_EQ(kernel_report_kind("BUG: scheduling while atomic: x[1]: y/61/0x00000002"), DetailKind::kLockdep);
  EXPECT_EQ(kernel_report_kind("watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [x[1]: y:61]"), DetailKind::kLockup);
  EXPECT_EQ(kernel_report_kind("Oops: 0002 [#1] SMP PTI"), DetailKind::kKernelOops);
}

TEST(KernelReports, AreReadBehindTimeStamps) {
  EXPECT_EQ(without_log_stamp("[    5.005678] WARNING: x"), "WARNING: x");
  EXPECT_EQ(without_log_stamp("[    5.005678][   T61] WARNING: x"), "WARNING: x");
  EXPECT_EQ(without_log_stamp("[    5.005678] [ BUG: Invalid wait context ]"), "[ BUG: Invalid wait context ]");
  EXPECT_TRUE(is_cut_here("------------[ cut here ]------------"));
}

TEST(KernelReports, CountLostLines) {
  EXPECT_EQ(lost_lines(lost_lines_text(17)), 17u);
  EXPECT_FALSE(lost_lines("ktstr: x lines of the kernel's log were overwritten before they could be read"));
  EXPECT_FALSE(lost_lines("17 lines"));
}

}  // namespace
}  // namespace ktstr
