// SPDX-License-Identifier: Apache-2.0
//
// How crowded a scenario makes its CPUs: with how many tasks, at most, a worker has to share a CPU. Checks of waiting
// allow for that (assert/worker_checks.h); more than that is the scheduler's doing.
#pragma once

#include <string>
#include <vector>

#include "ktstr/topology.h"

namespace ktstr {

// Tasks in a cgroup, or outside of all of them.
struct CrowdMember {
  std::string cgroup;  // "": outside
  CpuSet cpus;         // where they may run
  int tasks = 0;
  int fewest_cpus = 0;  // of one that is pinned; 0: none is
  int weight = 100;     // the least cpu.weight that the cgroup and those above had
  int heaviest = 100;   // and the highest
  // For each task: how many times as much as it others get by their nice value or policy, at most.
  double outweighed = 1;
};

// For each member: 1 where each of its tasks can have a CPU of its own; else how many tasks like itself each of its
// CPUs is shared by, in the worst case: everybody who may run there does, and cgroups get their shares as groups.
std::vector<double> crowding(const std::vector<CrowdMember>& members);

// How many times as much a task of nice value `heavy` gets as one of `light`; 1 where that is not less.
double nice_ratio(int light, int heavy);

}  // namespace ktstr
