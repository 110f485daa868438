// SPDX-License-Identifier: Apache-2.0
#include "scenario/executor_hooks.h"

#include <memory>

namespace ktstr {

namespace {

Result<RunningWorkers> spawn_processes(const WorkSpec& spec, const WorkerPlacement& placement, int first_index,
                                       std::uint64_t seed) {
  KTSTR_TRY_ASSIGN(WorkerGroup spawned, WorkerGroup::spawn(spec, placement, first_index, seed));
  const auto group = std::make_shared<WorkerGroup>(std::move(spawned));
  return RunningWorkers{.count = group->size(),
                        .release = [group] { group->release(); },
                        .request_stop = [group] { group->request_stop(); },
                        .collect = [group](Nanoseconds grace) { return group->collect(grace); }};
}

}  // namespace

Result<ExecutorHooks> ExecutorHooks::real(int scheduler_pid) {
  KTSTR_TRY_ASSIGN(SchedulerWatch opened, SchedulerWatch::open(scheduler_pid));
  const auto watch = std::make_shared<const SchedulerWatch>(std::move(opened));
  return ExecutorHooks{.spawn = spawn_processes,
                       .pause = sleep_for,
                       .scheduler_alive = [watch] { return watch->alive(); },
                       .hold_until = [watch](Nanoseconds deadline) { return watch->hold_until(deadline); },
                       .now = monotonic_now};
}

}  // namespace ktstr
