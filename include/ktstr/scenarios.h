// SPDX-License-Identifier: Apache-2.0
//
// Canned scenarios: what nearly every scheduler wants to be asked first, ready to be a test's body:
//
//   KTSTR_TEST(resize_under_mine, {.topology = "1n2l4c1t", .scheduler = "scx_mine", .duration = 2s}) {
//     return scenarios::cpuset_resize(ctx);
//   }
//
// Each fits every topology and every duration that gives its workers something to do in each phase: its holds are
// fractions of the duration, its cpusets parts of the machine. Where the machine is too small for it, or the kernel
// lacks what it needs, it skips and says why. Groups have Ctx::workers_per_cgroup() workers where nothing else is said,
// spin, and take Ctx::work_type_override().
//
// All checks of the context hold. Only where a scenario itself decides who gets how much of a CPU (more workers than
// CPUs, quotas, masks, CPUs that go), the spread inside a cgroup says nothing about the scheduler, and its check is
// off, unless the test sets a limit of its own (Checks::max_spread_pct). Those are marked "spread: off" below.
#pragma once

#include "base/result.h"
#include "ktstr/checks.h"
#include "ktstr/scenario.h"

namespace ktstr::scenarios {

// --- load that stays as it is: one phase
// Two cgroups.
Result<AssertResult> steady(Ctx& ctx);
// A cgroup for each LLC, bound to it. Skips with less than two LLCs.
Result<AssertResult> steady_llc(Ctx& ctx);
// Two cgroups inside of a third one and one beside it, all with the cpu controller.
Result<AssertResult> nested_steady(Ctx& ctx);
// One cgroup of spinning, one of bursty and one of yielding workers.
Result<AssertResult> mixed_workloads(Ctx& ctx);
// Two cgroups of 32 Mixed workers each. Spread: off. The limit of a gap is at least two turns of 20 ms for every worker
// of a CPU.
Result<AssertResult> oversubscribed(Ctx& ctx);
// Two cgroups against a worker a CPU outside of all cgroups, without any cpuset. Spread: off.
Result<AssertResult> host_contention(Ctx& ctx);

// --- cpusets that change. Spread: off
// Two cgroups that may run anywhere; then each has its half of the CPUs. Skips with less than two CPUs.
Result<AssertResult> cpuset_apply(Ctx& ctx);
// The same the other way round.
Result<AssertResult> cpuset_clear(Ctx& ctx);
// Two cgroups side by side; the border between them is at a half, at three quarters, at a quarter of the CPUs. Skips
// with less than four CPUs.
Result<AssertResult> cpuset_resize(Ctx& ctx);
// One cgroup's CPUs are taken from everybody else: partition "root", then "isolated", then "member" again. Skips with
// less than two CPUs, and where the kernel lacks cpuset.cpus.exclusive (Linux 6.7).
Result<AssertResult> cpuset_partition(Ctx& ctx);

// --- cgroups that come, go and stand still
// Two cgroups; at half time two more with workers.
Result<AssertResult> cgroup_add(Ctx& ctx);
// Four cgroups; at half time two of them end.
Result<AssertResult> cgroup_remove(Ctx& ctx);
// All workers of a cgroup move into one inside of another parent, then all of both into the first.
Result<AssertResult> nested_task_move(Ctx& ctx);
// One of two cgroups is frozen and thawed, then the other.
Result<AssertResult> freeze_thaw(Ctx& ctx);
// The kernel kills all workers of one of two cgroups (cgroup.kill); new ones start in it.
Result<AssertResult> cgroup_kill(Ctx& ctx);

// --- workers that change. Spread: off
// Each worker of two cgroups is pinned to half of the CPUs, chosen by the seed, four times anew.
Result<AssertResult> affinity_change(Ctx& ctx);
// Two workers pinned to the same two CPUs, beside a cgroup that may run anywhere. Skips with less than two CPUs.
Result<AssertResult> affinity_pinned(Ctx& ctx);
// Two cgroups with a worker a CPU each: nice 5 against -5, then the other way round, then 0.
Result<AssertResult> nice_changes(Ctx& ctx);
// The utilisation of one cgroup's workers is raised (at least 512 of 1024), that of the other's capped (at most 256);
// then the other way round; then free. Skips where the kernel lacks CONFIG_UCLAMP_TASK.
Result<AssertResult> uclamp(Ctx& ctx);
// Two cgroups with a core scheduling cookie each, then with one for both, then with none. Skips where the kernel or the
// machine has no core scheduling (CONFIG_SCHED_CORE, SMT).
Result<AssertResult> core_sched(Ctx& ctx);
// All workers of one of two cgroups are stopped and continued 25 times in a quarter of the duration.
Result<AssertResult> signal_storm(Ctx& ctx);

// --- limits that change. Spread: off
// A worker a CPU in each of two cgroups: cpu.weight 400 against 50, then the other way round, then equal.
Result<AssertResult> weight_changes(Ctx& ctx);
// Of two cgroups with at least two workers each, one has no limits, the other a cpu.max of half a CPU a worker with a
// burst, then of a quarter without, then none.
Result<AssertResult> bandwidth_limits(Ctx& ctx);

// --- a machine that changes. Spread: off. What the kernel takes to switch CPUs and SMT comes on top of the duration:
// some tens of milliseconds for each CPU where they are emulated. The last CPU goes offline and comes back, then a
// quarter of them (at most four), then the last one at once off and on. One of the two cgroups has only the last CPU.
// Skips with less than two CPUs.
Result<AssertResult> hotplug(Ctx& ctx);
// SMT off and on again under a worker a CPU. Skips without SMT.
Result<AssertResult> smt_toggle(Ctx& ctx);
// Sysctls of the scheduler change and are put back: the share of real-time tasks, the slice in which CPU quotas are
// handed out, statistics. Those that the kernel has; skips where it has none.
Result<AssertResult> sysctl_change(Ctx& ctx);

// --- shapes of load at which schedulers go wrong. Spread: off
// Two periodic tasks in a cgroup beside one of four hogs a CPU, with the same weight.
Result<AssertResult> few_beside_crowd(Ctx& ctx);
// Bursts on every CPU, and SCHED_IDLE hogs that may have the time between them.
Result<AssertResult> idle_borrowers(Ctx& ctx);
// The cpuset of a busy cgroup shrinks to half of the CPUs, to one, and grows to all. Skips with one CPU.
Result<AssertResult> cpuset_shrink(Ctx& ctx);
// A quota inside of a quota, with different periods, both used up all the time.
Result<AssertResult> nested_quotas(Ctx& ctx);
// The last CPU goes off- and online six times under load and wake-ups. Skips with one CPU.
Result<AssertResult> hotplug_storm(Ctx& ctx);
// A worker a CPU that forks all the time; they move to another cgroup meanwhile.
Result<AssertResult> fork_storm(Ctx& ctx);
// A task that wakes every 5 ms on a CPU that it shares with a hog, both pinned there.
Result<AssertResult> pinned_sleeper(Ctx& ctx);
// Two cgroups get new core scheduling cookies, and a shared one, eight times in turn. Skips without core scheduling.
Result<AssertResult> cookie_storm(Ctx& ctx);
// A real-time hog takes the first CPU for three fifths of the time. There are as many other workers as CPUs are left,
// so whoever was there has one to go to. Skips with one CPU.
Result<AssertResult> rt_hog(Ctx& ctx);
// A worker a CPU that pins itself to another CPU all the time.
Result<AssertResult> affinity_storm(Ctx& ctx);
// Pairs that interrupt each other with signals, one worker a CPU.
Result<AssertResult> signal_flood(Ctx& ctx);
// One worker that wakes one on each other CPU at once.
Result<AssertResult> wide_fan_out(Ctx& ctx);

}  // namespace ktstr::scenarios
