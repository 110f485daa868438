// SPDX-License-Identifier: Apache-2.0
//
// The numbers of one cgroup, from the reports of its workers.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "ktstr/checks.h"

namespace ktstr {

// Whether a worker had time in which it could run. One that was held by the scenario for all but 100 ms, several turns
// of any scheduler, of its time awake had too little to say how a scheduler treated it.
bool had_time(const WorkerReport& report);

// Off-CPU shares of the workers of one WorkSpec: only equal workers can be compared. Of a worker that died nothing is
// taken, since it stopped wanting the CPU, nor of one that had no time.
struct OffCpuSpread {
  int group = 0;
  int workers = 0;
  double min_pct = 0, max_pct = 0;
  int min_worker = -1, max_worker = -1;    // indexes in the cgroup
  std::chrono::nanoseconds least_awake{};  // of the worker that had the least time_awake()

  double spread_pct() const { return max_pct - min_pct; }
};

// One for each part (WorkerReport::role) in each WorkSpec that has workers alive, in order of group.
std::vector<OffCpuSpread> off_cpu_spreads(const std::vector<WorkerReport>& reports);

// Percentiles are by nearest rank, of the histograms of all workers.
CgroupStats make_cgroup_stats(int step, const std::string& cgroup, const std::optional<CpuSet>& cpuset,
                              const std::vector<WorkerReport>& reports);

}  // namespace ktstr
