// SPDX-License-Identifier: Apache-2.0
//
// The checks on what the workers of one cgroup did in one step. Each takes the reports of the whole cgroup and adds
// details to the result, and to `checked` what it looked at. A worker that died, and one that did not end when it was
// killed, is reported as that and by no other check of how it ran. Time in which the scenario itself held workers
// (WorkerReport::held_ns) is in none of their numbers.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "assert/cgroup_stats.h"
#include "ktstr/checks.h"

namespace ktstr {

struct CgroupReports {
  int step = 0;                 // as Detail::step
  std::string cgroup;           // "": the place outside of the scenario's cgroups
  std::vector<CpuSet> cpusets;  // all that bounded its workers, in turn; none: they might run anywhere
  std::vector<WorkerReport> workers;
  bool has_quota = false;  // of CPU time, by itself or above: the scenario itself keeps its workers waiting
  // How many tasks like its workers share a CPU, in the worst case that the scenario allows; 1: each can have its own.
  double crowding = 1;
};

// Whatever the limits are: a worker that SIGKILL does not end gets no CPU at all, or hangs in the kernel.
void check_end(const CgroupReports& reports, AssertResult& result);
void check_died(const CgroupReports& reports, AssertResult& result);
// A worker that could not do what its work type is makes the run inconclusive: less load than declared proves nothing.
void check_work(const CgroupReports& reports, AssertResult& result);
// The time in which a sound scheduler has given a turn to every worker that wants one: two turns of kLongestSlice for
// each of those that share a CPU; 0 for workers that share none.
inline constexpr std::chrono::milliseconds kLongestSlice{20};  // sched_ext's default slice, SCX_SLICE_DFL
std::chrono::nanoseconds round_of(const CgroupReports& reports);
// How long workers must want a CPU for their shares to be compared, where they share CPUs: schedulers move tasks
// between CPUs some times a second only.
inline constexpr std::chrono::seconds kSpreadWindow{1};

// Not judged: a worker that was held for nearly all of its time, and one that had less than a round of it. That such a
// one did no work is a note.
void check_progress(const CgroupReports& reports, AssertResult& result);
// `asked`: the test's own limit; without one it is the default, or a round where that is longer.
void check_gap(const CgroupReports& reports, std::optional<std::chrono::milliseconds> asked, AssertResult& result);
void check_spread(const CgroupReports& reports, double limit_pct, AssertResult& result);
void check_isolation(const CgroupReports& reports, AssertResult& result);

// All that are on in `checks`, and a note of the workers that did not stop when told to. Nothing at all for a cgroup
// without workers. The cgroup's numbers are the caller's to add (make_cgroup_stats).
AssertResult check_workers(const Checks& checks, const CgroupReports& reports);

}  // namespace ktstr
