// SPDX-License-Identifier: Apache-2.0
#include "workload/worker_life.h"

#include <sys/prctl.h>

#include "base/clock.h"
#include "workload/task/schedstat.h"
#include "workload/types/work_types.h"
#include "workload/worker_run.h"
#include "workload/worker_setup.h"

namespace ktstr {

namespace {

std::uint64_t own_cpu_time_ns() { return static_cast<std::uint64_t>(clock_now(CLOCK_THREAD_CPUTIME_ID).count()); }

// Taken at the barrier, so that the wait for the first CPU after the release counts.
struct Baseline {
  std::uint64_t cpu_time = 0;
  Schedstat schedstat;
};

Baseline take_baseline(const WorkerPlan& plan) {
  Baseline base;
  read_schedstat(plan.schedstat_path.c_str(), base.schedstat);
  base.cpu_time = own_cpu_time_ns();
  plan.slot->base.store(base.schedstat);
  return base;
}

void publish_end(const WorkerPlan& plan, const Baseline& base) {
  const std::uint64_t cpu_time = own_cpu_time_ns() - base.cpu_time;
  Schedstat end = base.schedstat;
  read_schedstat(plan.schedstat_path.c_str(), end);
  Schedstat spent = end.since(base.schedstat);
  spent.cpu_time_ns = cpu_time;  // the finer one, and there without CONFIG_SCHED_INFO too
  plan.slot->spent.store(spent);
  plan.slot->state.store(WorkerSlot::kFinished);
}

}  // namespace

void live_worker(const WorkerPlan& plan) {
  const Baseline base = take_baseline(plan);
  tell_ready(plan, WorkerSlot::kReady);
  while (plan.group->go.load() == 0) futex_wait(plan.group->go, 0);
  // The default of 50 us would be measured as wake-up latency. Only now, since a real-time task's is not to be set
  // (kernel/sys.c); it cannot fail for another.
  ::prctl(PR_SET_TIMERSLACK, plan.timer_slack.count());
  WorkerRun run(*plan.group, *plan.slot, RunProbes::real(), plan.resources, plan.index, plan.seed);
  run.begin(plan.phase);
  run_work(plan.type, run);
  run.end();
  publish_end(plan, base);
}

}  // namespace ktstr
