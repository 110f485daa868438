// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "scenario/ops/ops.h"

namespace ktstr {

Status apply(const op::SetCpuset& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find(op.cgroup));
  KTSTR_TRY_ASSIGN(CpuSet cpus,
                   op.cpus.resolve(world.ctx().topology(), placement_seed(world.ctx(), world.number(), op.cgroup)));
  return world.change_cpuset(found, std::move(cpus));
}

Status apply(const op::ClearCpuset& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find(op.cgroup));
  return world.change_cpuset(found, {});
}

Status apply(const op::SwapCpusets& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found a, world.find(op.a));
  KTSTR_TRY_ASSIGN(const World::Found b, world.find(op.b));
  const std::optional<CpuSet> of_a = a.group->cpuset, of_b = b.group->cpuset;
  KTSTR_TRY(world.change_cpuset(a, of_b));
  return world.change_cpuset(b, of_a);
}

Status apply(const op::SetAffinity& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find(op.cgroup));
  const CpuSet cpus = found.group->cpuset.value_or(CpuSet());
  const std::uint64_t seed = world.next_seed(Vary::kPlacement);
  int index = 0;
  for (WorkerSet& set : found.group->sets) {
    std::vector<CpuSet> per_worker;
    for (int i = 0; i < set.workers->count(); ++i) {
      KTSTR_TRY_ASSIGN(auto affinity, op.affinity.resolve(world.ctx().topology(), cpus, index++, seed));
      // To inherit again is to be allowed everything; the kernel clips to the cpuset.
      per_worker.push_back(affinity.value_or(world.ctx().topology().cpus));
    }
    KTSTR_TRY(set.workers->set_affinity(per_worker));
    set.apart = set.apart ||
                std::adjacent_find(per_worker.begin(), per_worker.end(), std::not_equal_to<>()) != per_worker.end();
  }
  return ok();
}

}  // namespace ktstr
