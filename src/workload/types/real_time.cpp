// SPDX-License-Identifier: Apache-2.0
//
// Work types that mix real-time tasks with others.
#include "workload/types/families.h"

namespace ktstr {

namespace {

constexpr std::int64_t kMostOfAClass = 1024;
constexpr int kStormPriority = 50;

std::size_t size_of_starvation(const RtStarvation& type) { return std::size_t{type.rt_workers} + type.cfs_workers; }
bool is_rt(const RtStarvation& type, std::size_t index) { return index % size_of_starvation(type) < type.rt_workers; }
const char* role_in_starvation(const RtStarvation& type, std::size_t index) {
  return is_rt(type, index) ? "real-time" : "ordinary";
}
std::optional<SchedPolicy> policy_in_starvation(const RtStarvation& type, std::size_t index) {
  return is_rt(type, index) ? SchedPolicy::fifo(static_cast<int>(type.rt_priority)) : SchedPolicy::normal();
}
void run_rt_starvation(const RtStarvation& type, WorkerRun& run) {
  while (!run.stopping()) {
    run.spin(type.burst_iters);
    run.end_iteration();
  }
}

std::size_t size_of_storm(const PreemptStorm& type) { return std::size_t{type.cfs_workers} + 1; }
bool is_preemptor(const PreemptStorm& type, std::size_t index) { return index % size_of_storm(type) == 0; }
const char* role_in_storm(const PreemptStorm& type, std::size_t index) {
  return is_preemptor(type, index) ? "real-time" : "ordinary";
}
std::optional<SchedPolicy> policy_in_storm(const PreemptStorm& type, std::size_t index) {
  return is_preemptor(type, index) ? SchedPolicy::fifo(kStormPriority) : SchedPolicy::normal();
}
void run_preempt_storm(const PreemptStorm& type, WorkerRun& run) {
  const bool preempts = is_preemptor(type, run.index());
  while (!run.stopping()) {
    run.spin(preempts ? type.rt_burst_iters : WorkerRun::kSpinsPerUnit);
    if (preempts) run.sleep_for(type.rt_sleep);
    run.end_iteration();
  }
}

}  // namespace

std::vector<WorkTypeRow> real_time_types() {
  return {
      with_roles<RtStarvation, role_in_starvation>(with_policies<RtStarvation, policy_in_starvation>(
          in_groups<RtStarvation, size_of_starvation>(work_row<RtStarvation, run_rt_starvation>(
              "RtStarvation", "real-time hogs beside ordinary tasks", "", "as SpinWait",
              {work_parameter<&RtStarvation::rt_workers>("rt_workers", 1, kMostOfAClass),
               work_parameter<&RtStarvation::cfs_workers>("cfs_workers", 1, kMostOfAClass),
               work_parameter<&RtStarvation::rt_priority>("rt_priority", 1, 97),
               work_parameter<&RtStarvation::burst_iters>("burst_iters")})))),
      with_roles<PreemptStorm, role_in_storm>(with_policies<PreemptStorm, policy_in_storm>(
          in_groups<PreemptStorm, size_of_storm>(work_row<PreemptStorm, run_preempt_storm>(
              "PreemptStorm", "a real-time task that preempts hogs hundreds of times a second",
              "how late the real-time task wakes up", "as SpinWait; real-time: 3 looks at the clock a sleep",
              {work_parameter<&PreemptStorm::cfs_workers>("cfs_workers", 1, kMostOfAClass),
               work_parameter<&PreemptStorm::rt_burst_iters>("rt_burst_iters"),
               work_parameter<&PreemptStorm::rt_sleep>("rt_sleep")})))),
  };
}

}  // namespace ktstr
