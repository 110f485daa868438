// SPDX-License-Identifier: Apache-2.0
//
// The scheduling attributes of a task, set from outside: policy, nice value, utilisation clamps (sched_setattr(2),
// setpriority(2)). Each is read back, since a scheduler or the kernel may keep another value without saying so.
//
// `task` is what messages call it: "worker cg_0/1". A task that is gone is an Error with saved_errno() ESRCH.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "ktstr/work.h"

namespace ktstr {

// As the kernel reports them: sched_getattr(2).
struct TaskSched {
  SchedPolicy policy;  // without the deadline's times where it is another one
  int nice = 0;
  unsigned uclamp_min = 0, uclamp_max = 0;  // both 0 without CONFIG_UCLAMP_TASK
  std::chrono::nanoseconds slice{};         // of an ordinary task, from Linux 6.12 on; otherwise 0
};
Result<TaskSched> read_task_sched(pid_t pid, std::string_view task);

// Of a real-time or deadline task: the one that it has once it is ordinary again.
Status set_task_nice(pid_t pid, int nice, std::string_view task);
// Keeps nice value and clamps. kUnsupported for ext without CONFIG_SCHED_CLASS_EXT; the refusals of SCHED_DEADLINE
// (EPERM for the task's CPUs, EBUSY for the bandwidth) come with their way out.
Status set_task_policy(pid_t pid, const SchedPolicy& policy, std::string_view task);
// 0..1024 (SCHED_CAPACITY_SCALE), min <= max; what has no value stays. kUnsupported without CONFIG_UCLAMP_TASK.
Status set_task_uclamp(pid_t pid, std::optional<int> min, std::optional<int> max, std::string_view task);

// Of an ordinary task; keeps the rest. Another policy takes it away. kUnsupported before Linux 6.12.
Status set_task_slice(pid_t pid, std::chrono::nanoseconds slice, std::string_view task);

// What can be said without a task.
Status check_nice(int nice);
Status check_uclamp(std::optional<int> min, std::optional<int> max);

}  // namespace ktstr
