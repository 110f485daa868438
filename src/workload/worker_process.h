// SPDX-License-Identifier: Apache-2.0
//
// One worker process: made by clone3, set up, held at the start barrier, run. What WorkerGroup is built from.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "ktstr/work.h"
#include "workload/worker_slot.h"

namespace ktstr {

struct WorkerProcess {
  pid_t pid = -1;
  Fd pidfd;
};

// Everything a worker needs, made before it exists: the child must not allocate.
struct WorkerPlan {
  WorkType type;
  int nice = 0;
  std::string comm;
  std::string schedstat_path;
  std::chrono::nanoseconds phase{};  // of spinning before the first work unit
  Cpu birth_cpu = -1;                // where it comes to the barrier; -1: anywhere
  const Fd* cgroup_dir = nullptr;    // null: stay in ours
  int ready_eventfd = -1;            // written (1) at the barrier, or when the set-up has failed
  GroupBlock* group = nullptr;
  WorkerSlot* slot = nullptr;
};

// From 0 to 200 us, from the seed and the worker's place alone.
std::chrono::nanoseconds start_phase(std::uint64_t seed, std::string_view cgroup, int index);

// One of `candidates`, from the seed and the worker's place; -1 without any.
Cpu birth_cpu(std::uint64_t seed, const CpuSet& candidates, int index);

// The worker sets itself up under our own scheduling policy.
Result<WorkerProcess> start_worker(const WorkerPlan& plan);
// From now on a worker that is ready may run wherever its cpuset allows. It does not move: it sleeps at the barrier,
// and wakes up where it was born unless the scheduler chooses otherwise.
Status let_off_birth_cpu(const WorkerPlan& plan, const WorkerProcess& process);
// Makes a worker that is ready SCHED_OTHER with its nice value, and reads both back. We do it, and only now, because a
// worker of a real-time body comes to the barrier whatever the scheduler under test does, and is handed to it there.
Status make_ordinary(const WorkerPlan& plan, const WorkerProcess& process);
// What a worker in state kSetupFailed failed at.
Error setup_error(const WorkerSlot& slot, const WorkerPlan& plan);

}  // namespace ktstr
