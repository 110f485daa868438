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
        "clocksource: timekeeping watchdog on CPU0: Marking clocksource 'tsc' as unstable", "Call Trace:",
        "hrtimer: interrupt took 123456 ns", "ktstr_faults: loading out-of-tree module taints kernel.",
        "the user's WARNING: nothing", ""})
    EXPECT_FALSE(kernel_report_kind(line)) << line;
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
