// SPDX-License-Identifier: Apache-2.0
//
// Everything a worker needs, worked out before it exists: from a WorkSpec and a WorkerPlacement. What can be refused
// without a process is refused here.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "ktstr/work.h"
#include "workload/group_resources.h"
#include "workload/task/task_affinity.h"
#include "workload/task/task_memory.h"
#include "workload/worker_slot.h"

namespace ktstr {

struct WorkerPart;
struct WorkerPlacement;
struct WorkerThreads;

// Complete, since the child must not allocate.
struct WorkerPlan {
  // What its task is: a process of its own, or a thread of a process whose leader does no work.
  enum class Role : std::uint8_t { kProcess = 1, kThread = 2, kLeader = 4 };
  Role role = Role::kProcess;
  WorkType type;
  std::string name;  // "cg_0/1", of a leader "cg_0"
  int spec = 0;      // which WorkSpec of its cgroup it belongs to
  std::string comm;
  std::string schedstat_path;
  std::string role_name;             // its part among the workers of its WorkSpec; "": all do the same
  std::uint64_t seed = 0;            // of what it draws
  std::chrono::nanoseconds phase{};  // of spinning before the first work unit
  Cpu birth_cpu = -1;                // where it comes to the barrier; -1: anywhere, or anywhere on its `affinity`
  CpuMask start_cpus;                // the same, as the child takes it; empty: anywhere
  MemPolicy mem_policy;
  TaskMemory memory;  // the same, as the child takes it
  std::optional<std::uint32_t> uid, gid;
  // What it is handed over to at the barrier; what has no value stays as ours.
  CpuSet affinity;  // empty: all that its cpuset allows
  SchedPolicy policy;
  std::optional<int> nice, uclamp_min, uclamp_max;
  std::optional<std::chrono::nanoseconds> slice;
  std::chrono::nanoseconds timer_slack{1};
  bool counts_pages = false;  // WorkerReport::node_pages

  const Fd* cgroup_dir = nullptr;                // null: stay in ours
  bool moves_in = false;                         // a process goes there by itself; otherwise it is born there
  int ready_eventfd = -1;                        // written (1) at the barrier, or when the set-up has failed
  const std::vector<int>* kept_files = nullptr;  // ascending; what it inherits otherwise, it closes
  GroupBlock* group = nullptr;
  WorkerSlot* slot = nullptr;
  const GroupResources* resources = nullptr;  // of its WorkSpec; a leader has none
  std::size_t index = 0;                      // among the workers of its WorkSpec
  WorkerThreads* threads = nullptr;           // of a leader

  // What messages call it: "worker cg_0/1", "process 'web' of cg_0".
  std::string task() const;
};

// Every attribute within its range, and those of the placement in agreement with it.
Status check_worker_spec(const WorkSpec& spec, const WorkerPlacement& placement);
// Whether they can be one group: one part, or parts that are threads of one process and so share its name and its ids.
// Scenarios ask it of the specs that say one pcomm.
Status check_parts(const std::vector<WorkerPart>& parts);
Status check_one_process(const std::vector<const WorkSpec*>& specs);
// For worker `i` of the part, which is worker first_index + i of its cgroup. Files and shared memory are the caller's.
Result<WorkerPlan> plan_worker(const WorkSpec& spec, const WorkerPlacement& placement, int first_index, std::size_t i,
                               std::uint64_t seed);

// For the process whose threads these workers are. It is born where its first worker may be.
WorkerPlan plan_leader(const WorkerPart& first, int first_index);

// Of what the worker draws, from the seed and its place alone.
std::uint64_t worker_seed(std::uint64_t seed, std::string_view cgroup, int index);
// From 0 to 200 us, from the seed and the worker's place alone.
std::chrono::nanoseconds start_phase(std::uint64_t seed, std::string_view cgroup, int index);
// One of `candidates`, from the seed and the worker's place; -1 without any.
Cpu birth_cpu(std::uint64_t seed, const CpuSet& candidates, int index);

}  // namespace ktstr
