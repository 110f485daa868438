// SPDX-License-Identifier: Apache-2.0
//
// Work types whose workers change their own attributes, or make processes.
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "workload/types/families.h"
#include "workload/types/numa_nodes.h"

namespace ktstr {

namespace {

void run_nice_sweep(const NiceSweep& type, WorkerRun& run) {
  for (std::int32_t nice = type.from; !run.stopping(); nice = nice >= type.to ? type.from : nice + 1) {
    // Of the calling thread, on Linux.
    if (::setpriority(PRIO_PROCESS, 0, nice) != 0) return run.give_up("set its nice value", errno);
    run.spin_unit();
    run.yield();
    run.end_iteration();
  }
}

Status check_nice_sweep(const WorkType& type) {
  const auto& [from, to] = std::get<NiceSweep>(type);
  if (from <= to) return ok();
  return fail(ErrorCode::kInvalidArgument, "NiceSweep: from is {}, must not be above to, {}", from, to);
}

void run_affinity_churn(const AffinityChurn& type, WorkerRun& run) {
  CpuMask pool;
  if (!CpuMask::read(0, pool)) return run.give_up("read its affinity", errno);
  while (!run.stopping()) {
    const Cpu cpu = pool.nth(static_cast<int>(run.random(static_cast<std::uint64_t>(pool.count()))));
    if (!CpuMask::one(cpu).apply(0)) {
      // Its cpuset no longer has that CPU, or the CPU is offline.
      if (errno != EINVAL || !CpuMask::all().apply(0) || !CpuMask::read(0, pool))
        return run.give_up("pin itself to a CPU", errno);
    }
    run.spin(type.spin_iters);
    run.yield();
    run.end_iteration();
  }
}

void run_policy_churn(const PolicyChurn& type, WorkerRun& run) {
  constexpr std::array<std::pair<int, int>, 5> kPolicies = {
      {{SCHED_OTHER, 0}, {SCHED_BATCH, 0}, {SCHED_IDLE, 0}, {SCHED_FIFO, 1}, {SCHED_RR, 1}}};
  const std::size_t count = type.real_time ? kPolicies.size() : 3;
  for (std::size_t i = 0; !run.stopping(); i = (i + 1) % count) {
    const sched_param param{.sched_priority = kPolicies[i].second};
    if (::sched_setscheduler(0, kPolicies[i].first, &param) != 0) return run.give_up("change its policy", errno);
    run.spin(type.spin_iters);
    run.end_iteration();
  }
}

Status prepare_numa_churn(const NumaMigrationChurn&, GroupResources& shared) {
  KTSTR_TRY_ASSIGN(const CpuSet nodes, nodes_with_cpus());
  if (nodes.size() < 2)
    return fail(ErrorCode::kUnsupported, "the machine has only one NUMA node with CPUs")
        .with_hint("give it a topology of several, as 2n2l2c1t");
  for (const Cpu node : nodes) {
    KTSTR_TRY_ASSIGN(const CpuSet cpus, cpus_of_node(node));
    shared.add_mask(cpus);
  }
  return ok();
}

void run_numa_churn(const NumaMigrationChurn& type, WorkerRun& run) {
  for (std::size_t node = run.index(); !run.stopping(); ++node) {
    // A cpuset may leave it none of a node's CPUs.
    if (!run.mask(node % run.masks()).apply(0) && errno != EINVAL) return run.give_up("pin itself to a node", errno);
    run.spin_until(run.checkpoint() + static_cast<std::uint64_t>(type.period.count()));
    run.end_iteration();
  }
}

// The system call itself: the C library's fork() is not for the copy of a process that may have had other threads.
void run_fork_exit(const ForkExit&, WorkerRun& run) {
  while (!run.stopping()) {
    run.spin_unit();
    const auto pid = static_cast<int>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0));
    if (pid == 0) ::_exit(0);
    if (pid < 0) return run.give_up("fork", errno);
    run.wait_for_child(pid);
    run.end_iteration();
  }
}

}  // namespace

std::vector<WorkTypeRow> churn_types() {
  WorkTypeRow fork_exit = work_row<ForkExit, run_fork_exit>("ForkExit", "forks and exits: new tasks all the time", "",
                                                            "3 looks at the clock a child");
  fork_exit.processes_only = true;
  WorkTypeRow nice_sweep = work_row<NiceSweep, run_nice_sweep>(
      "NiceSweep", "another nice value all the time, and yields", "", "as Mixed",
      {work_parameter<&NiceSweep::from>("from", -20, 19), work_parameter<&NiceSweep::to>("to", -20, 19)});
  nice_sweep.check = check_nice_sweep;
  return {
      std::move(nice_sweep),
      work_row<AffinityChurn, run_affinity_churn>("AffinityChurn", "another CPU that it must run on, all the time", "",
                                                  "as Mixed, and a number drawn each time",
                                                  {work_parameter<&AffinityChurn::spin_iters>("spin_iters")}),
      work_row<PolicyChurn, run_policy_churn>("PolicyChurn", "another policy all the time: in and out of a class", "",
                                              "units as of SpinWait",
                                              {work_parameter<&PolicyChurn::spin_iters>("spin_iters"),
                                               work_parameter<&PolicyChurn::real_time>("real_time")}),
      sharing<NumaMigrationChurn, prepare_numa_churn>(work_row<NumaMigrationChurn, run_numa_churn>(
          "NumaMigrationChurn", "another NUMA node all the time", "", "as Bursty, without sleeps",
          {work_parameter<&NumaMigrationChurn::period>("period")})),
      std::move(fork_exit),
  };
}

}  // namespace ktstr
