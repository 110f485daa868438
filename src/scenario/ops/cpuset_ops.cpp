// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "scenario/ops/op_row.h"
#include "scenario/plan/controller_needs.h"
#include "scenario/plan/rehearsed_world.h"
#include "scenario/world.h"

namespace ktstr {

template <>
op::SetCpuset blank() {
  return {{}, CpusetSpec::all()};
}
template <>
op::SetAffinity blank() {
  return {{}, AffinityIntent::inherit()};
}

namespace {

using Group = RehearsedWorld::Group;

void rehearse(const op::SetCpuset& op, RehearsedWorld& world) {
  Group* group = world.find(op.cgroup);
  if (group == nullptr) return;
  const auto cpus = op.cpus.resolve(world.ctx().topology(), placement_seed(world.ctx(), world.number(), op.cgroup));
  if (!cpus) return world.mistake("cpuset {}: {}", op.cpus.describe(), cpus.error().message());
  group->cpuset = *cpus;
}
Status apply(const op::SetCpuset& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find(op.cgroup));
  KTSTR_TRY_ASSIGN(CpuSet cpus,
                   op.cpus.resolve(world.ctx().topology(), placement_seed(world.ctx(), world.number(), op.cgroup)));
  return world.change_cpuset(found, std::move(cpus));
}

void rehearse(const op::ClearCpuset& op, RehearsedWorld& world) {
  if (Group* group = world.find(op.cgroup)) group->cpuset = {};
}
Status apply(const op::ClearCpuset& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find(op.cgroup));
  return world.change_cpuset(found, {});
}

void rehearse(const op::SwapCpusets& op, RehearsedWorld& world) {
  if (op.a == op.b) return world.mistake("a and b are both '{}'; name two cgroups", op.a);
  Group *a = world.find(op.a), *b = world.find(op.b);
  if (a != nullptr && b != nullptr) std::swap(a->cpuset, b->cpuset);
}
Status apply(const op::SwapCpusets& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found a, world.find(op.a));
  KTSTR_TRY_ASSIGN(const World::Found b, world.find(op.b));
  const std::optional<CpuSet> of_a = a.group->cpuset, of_b = b.group->cpuset;
  KTSTR_TRY(world.change_cpuset(a, of_b));
  return world.change_cpuset(b, of_a);
}

void rehearse(const op::SetAffinity& op, RehearsedWorld& world) {
  const Group* group = world.find_with_workers(op.cgroup);
  if (group == nullptr) return;
  if (const auto cpus = op.affinity.resolve(world.ctx().topology(), group->cpuset, 0, 0); !cpus)
    world.mistake("affinity {}: {}", op.affinity.describe(), cpus.error().message());
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

template <typename T>
void need_cpuset(const T& op, ControllerNeeds& needs) {
  needs.add(op.cgroup, "cpuset");
}

}  // namespace

std::vector<OpRow> cpuset_ops() {
  return {
      op_row<op::SetCpuset>(
          "set_cpuset", "Writes cpuset.cpus.",
          {param<&op::SetCpuset::cgroup>("cgroup", form::kCgroup), param<&op::SetCpuset::cpus>("cpuset", "a cpuset")},
          {rehearse, apply, nullptr, need_cpuset}),
      op_row<op::ClearCpuset>("clear_cpuset",
                              "Empties cpuset.cpus: the cgroup inherits. Linux 6.18 refuses that to one with tasks: it "
                              "is given what it would "
                              "inherit.",
                              {param<&op::ClearCpuset::cgroup>("cgroup", form::kCgroup)},
                              {rehearse, apply, nullptr, need_cpuset}),
      op_row<op::SwapCpusets>(
          "swap_cpusets", "Gives each of two cgroups the other's cpuset.",
          {param<&op::SwapCpusets::a>("a", form::kCgroup), param<&op::SwapCpusets::b>("b", form::kCgroup)},
          {rehearse, apply, [](const auto& op) { return fmt::format("{} <-> {}", op.a, op.b); },
           [](const auto& op, ControllerNeeds& needs) {
             needs.add(op.a, "cpuset");
             needs.add(op.b, "cpuset");
           }}),
      op_row<op::SetAffinity>("set_affinity", "Pins its workers with sched_setaffinity(2).",
                              {param<&op::SetAffinity::cgroup>("cgroup", form::kCgroup),
                               param<&op::SetAffinity::affinity>("affinity", "an affinity")},
                              {rehearse, apply, nullptr, need_cpuset}),
  };
}

}  // namespace ktstr
