// SPDX-License-Identifier: Apache-2.0
//
// The checks on what the workers of one cgroup did in one step. Each takes the reports of the whole cgroup and adds
// details to the result, and to `checked` what it looked at. A worker that died is reported as that and by no other
// check.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "assert/cgroup_stats.h"
#include "ktstr/checks.h"

namespace ktstr {

struct CgroupReports {
  int phase = 0;  // as Detail::phase
  std::string cgroup;
  std::optional<CpuSet> cpuset;  // what it was allowed; empty: everything
  std::vector<WorkerReport> workers;
};

void check_died(const CgroupReports& reports, AssertResult& result);
void check_progress(const CgroupReports& reports, AssertResult& result);
void check_gap(const CgroupReports& reports, std::chrono::milliseconds limit, AssertResult& result);
void check_spread(const CgroupReports& reports, double limit_pct, AssertResult& result);
void check_isolation(const CgroupReports& reports, AssertResult& result);

// All that are on in `checks`, and a note for each worker that did not stop when told to. Gaps and spread are not judged
// of workers whose index is in `interrupted`. Nothing at all for a cgroup without workers. The cgroup's numbers are the
// caller's to add (make_cgroup_stats).
AssertResult check_workers(const Checks& checks, int phase, const std::string& cgroup,
                           const std::optional<CpuSet>& cpuset, const std::vector<WorkerReport>& workers,
                           const std::set<int>& interrupted = {});

}  // namespace ktstr
