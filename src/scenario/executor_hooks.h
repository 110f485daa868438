// SPDX-License-Identifier: Apache-2.0
//
// What the executor needs from the world apart from cgroups: workers, the wait of a hold, and the time. Real in a guest
// and on a host, replaced in tests, so that every failure of a step can be had without a kernel that fails.
#pragma once

#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "scenario/liveness.h"
#include "workload/worker_group.h"

namespace ktstr {

// A WorkerGroup as the executor uses it (see there). Workers that still run end with the last copy.
struct RunningWorkers {
  int count = 0;
  std::function<void()> release;
  std::function<void()> request_stop;
  std::function<Result<std::vector<WorkerReport>>(Nanoseconds grace)> collect;
};

struct ExecutorHooks {
  std::function<Result<RunningWorkers>(const WorkSpec& spec, const WorkerPlacement& placement, int first_index,
                                       std::uint64_t seed)>
      spawn;
  std::function<void(Nanoseconds)> pause;
  std::function<Result<bool>()> scheduler_alive;
  std::function<Result<HoldEnd>(Nanoseconds deadline)> hold_until;
  std::function<Nanoseconds()> now;  // CLOCK_MONOTONIC

  // Worker processes, the scheduler with `scheduler_pid` (0: none) watched from now on, and the real clock.
  static Result<ExecutorHooks> real(int scheduler_pid);
};

}  // namespace ktstr
