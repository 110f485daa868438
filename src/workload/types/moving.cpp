// SPDX-License-Identifier: Apache-2.0
//
// Work types whose workers change the CPUs of each other, or move through cgroups.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "workload/outside/own_cgroups.h"
#include "workload/types/families.h"

namespace ktstr {

namespace {

// Of each worker its thread id, once it knows its own CPUs: what others make of them is not to be taken for these.
Status prepare_cross_affinity(const CrossAffinityChurn&, GroupResources& shared) {
  shared.add_words(shared.workers());
  return ok();
}

// One that is gone is no matter. Its cpuset may have lost all those CPUs meanwhile (EINVAL).
bool change_sibling(int tid, const CpuMask& cpus) { return cpus.apply(tid) || errno == ESRCH || errno == EINVAL; }

void run_cross_affinity(const CrossAffinityChurn& type, WorkerRun& run) {
  CpuMask pool;
  if (!CpuMask::read(0, pool)) return run.give_up("read its affinity", errno);
  const int cpus = pool.count();
  if (cpus < 2) return run.give_up("take a CPU from another: there is only one", EINVAL);
  run.word(run.index()).set(static_cast<std::uint32_t>(::syscall(SYS_gettid)), run.checkpoint());
  while (!run.stopping()) {
    const std::size_t other = (run.index() + 1 + run.random(run.workers() - 1)) % run.workers();
    const auto tid = static_cast<int>(run.word(other).value());
    const Cpu cpu = pool.nth(static_cast<int>(run.random(static_cast<std::uint64_t>(cpus))));
    if (tid != 0 && !change_sibling(tid, pool.without(cpu))) return run.give_up("change another's affinity", errno);
    run.spin(type.spin_iters);
    if (tid != 0 && !change_sibling(tid, pool)) return run.give_up("change another's affinity", errno);
    run.spin(type.spin_iters);
    run.end_iteration();
  }
}

bool move_thread(int group, int tid) {
  std::array<char, 16> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), tid);
  return ::write(group, text.data(), static_cast<std::size_t>(end - text.data())) > 0;
}

Status prepare_cgroup_churn(const CgroupChurn& type, GroupResources& shared) {
  return add_own_cgroups(shared, type.groups);
}

void run_cgroup_churn(const CgroupChurn& type, WorkerRun& run) {
  for (std::size_t next = run.index(); !run.stopping(); ++next) {
    if (!move_thread(run.file(next % type.groups), 0)) return run.give_up("move to its next cgroup", errno);
    run.spin_until(run.checkpoint() + static_cast<std::uint64_t>(type.cycle.count()));
    run.end_iteration();
  }
}

Status prepare_attach_storm(const CgroupAttachStorm&, GroupResources& shared) { return add_own_cgroups(shared, 1); }

// False with errno.
bool fork_into_other_cgroup(WorkerRun& run) {
  const auto pid = static_cast<int>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0));
  if (pid == 0) ::_exit(0);
  if (pid < 0) return false;
  // Some time of its own, or the move would always be first.
  run.spin(static_cast<std::uint32_t>(run.random(WorkerRun::kSpinsPerUnit)));
  if (move_thread(run.file(0), pid)) return true;
  if (errno != ESRCH) return false;
  run.miss();
  return true;
}

void run_attach_storm(const CgroupAttachStorm& type, WorkerRun& run) {
  struct sigaction ignored {};
  ignored.sa_handler = SIG_IGN;
  if (type.reap == ChildReap::kIgnore && ::sigaction(SIGCHLD, &ignored, nullptr) != 0)
    return run.give_up("ignore its children's ends", errno);
  while (!run.stopping()) {
    for (std::uint32_t i = 0; i < type.children && !run.stopping(); ++i)
      if (!fork_into_other_cgroup(run)) return run.give_up("fork into another cgroup", errno);
    run.wait_for_children();
    run.end_unit();
    run.end_iteration();
  }
}

constexpr EnumName<ChildReap> kReaps[] = {{ChildReap::kWait, "wait"}, {ChildReap::kIgnore, "ignore"}};

}  // namespace

EnumNames<ChildReap> names_of(ChildReap) { return names_from<kReaps>(); }

std::vector<WorkTypeRow> moving_types() {
  WorkTypeRow cross =
      sharing<CrossAffinityChurn, prepare_cross_affinity>(work_row<CrossAffinityChurn, run_cross_affinity>(
          "CrossAffinityChurn", "tasks whose CPUs others change while they run or wait", "",
          "units as of SpinWait, and two numbers drawn each time",
          {work_parameter<&CrossAffinityChurn::spin_iters>("spin_iters")}));
  cross.size = [](const WorkType&) { return GroupSize{.at_least = 2}; };
  WorkTypeRow churn = sharing<CgroupChurn, prepare_cgroup_churn>(work_row<CgroupChurn, run_cgroup_churn>(
      "CgroupChurn", "another cgroup all the time: moves between task groups", "", "as Bursty, without sleeps",
      {work_parameter<&CgroupChurn::groups>("groups", 2, 64),
       work_parameter<&CgroupChurn::cycle>("cycle", 100'000, work_value::kLongest)}));
  churn.controllers = {"cpu"};
  WorkTypeRow storm = sharing<CgroupAttachStorm, prepare_attach_storm>(work_row<CgroupAttachStorm, run_attach_storm>(
      "CgroupAttachStorm", "tasks that are moved to another cgroup while they end", "children that ended before",
      "3 looks at the clock each time that it waits for its children, and a number drawn a child",
      {work_parameter<&CgroupAttachStorm::children>("children", 1, 256),
       work_parameter<&CgroupAttachStorm::reap>("reap")}));
  storm.controllers = {"cpu"};
  storm.processes_only = true;
  return {std::move(cross), std::move(churn), std::move(storm)};
}

}  // namespace ktstr
