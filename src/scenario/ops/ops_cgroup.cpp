// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "scenario/ops/ops.h"

namespace ktstr {

namespace {

// Payloads first: a frozen one cannot be killed, so the group is thawed before.
Status thaw_and_kill_payloads(World& world, World::Found found) {
  if (found.group->frozen) KTSTR_TRY(world.set_frozen(found, false));
  return world.kill_payloads_in(found.group->name);
}

Status freeze(World& world, const std::string& name, bool frozen) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find(name));
  return world.set_frozen(found, frozen);
}

}  // namespace

Status apply(const op::AddCgroup& op, World& world) { return world.create({.name = op.cgroup}); }

Status apply(const op::AddCgroupDef& op, World& world) {
  std::vector<std::string> mistakes;
  const PlannedCgroup planned =
      plan_cgroup(op.def, world.ctx(), placement_seed(world.ctx(), world.number(), op.def.name()), mistakes);
  if (!mistakes.empty()) return fail(ErrorCode::kInvalidArgument, "{}", mistakes.front());
  KTSTR_TRY(world.set_up({planned}));
  world.target().release_workers();
  return ok();
}

Status apply(const op::RemoveCgroup& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find(op.cgroup));
  KTSTR_TRY(thaw_and_kill_payloads(world, found));
  return found.scope->remove(op.cgroup, world.findings());
}

Status apply(const op::StopCgroup& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find(op.cgroup));
  KTSTR_TRY(thaw_and_kill_payloads(world, found));
  return found.scope->empty(*found.group, world.findings());
}

Status apply(const op::KillCgroup& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find(op.cgroup));
  world.mark_payloads_killed(op.cgroup);
  KTSTR_TRY(world.kill_all(op.cgroup));
  KTSTR_TRY(thaw_and_kill_payloads(world, found));
  return found.scope->empty(*found.group, world.findings());
}

Status apply(const op::MoveAllTasks& op, World& world) {
  if (op.from == op.to) return fail(ErrorCode::kInvalidArgument, "from and to are the same");
  KTSTR_TRY_ASSIGN(const World::Found from, world.find_or_outside(op.from));
  // Outside, the workers stay in the hands of whoever has them.
  if (op.to.empty()) from.scope->outside();
  KTSTR_TRY_ASSIGN(const World::Found to, op.to.empty() ? Result<World::Found>(from) : world.find(op.to));
  // Making the place outside can have moved the list that `from` points into.
  LiveCgroup* const source = from.scope->find(op.from);
  LiveCgroup* const target = to.scope->find(op.to);
  const bool strands = from.scope != to.scope && from.scope == &world.backdrop();
  if (strands)
    return fail(ErrorCode::kInvalidArgument,
                "'{}' belongs to the Backdrop and '{}' to {}: the workers would end with it", op.from, op.to,
                to.scope->label());
  const std::vector<int> pids = source->processes();
  if (pids.empty()) return fail(ErrorCode::kInvalidArgument, "'{}' has no workers", op.from);
  const bool bounded = source->cpuset && target->cpuset;
  const CpuSet between = bounded ? source->cpuset->union_with(*target->cpuset) : CpuSet();
  const auto allow = [&](const CpuSet& cpus) {
    for (const WorkerSet& set : source->sets) set.workers->set_allowed(cpus);
  };
  allow(between);
  if (to.scope->is_frozen(op.to))
    for (const WorkerSet& set : source->sets) set.workers->set_frozen(true);
  if (Status moved = world.cgroups().move_processes(op.to, pids); !moved) {
    allow(source->cpuset.value_or(CpuSet()));
    world.update_holds();
    return moved;
  }
  allow(target->cpuset.value_or(CpuSet()));
  for (WorkerSet& set : source->sets) target->add(std::move(set));
  source->sets.clear();
  world.update_holds();
  return ok();
}

Status apply(const op::FreezeCgroup& op, World& world) { return freeze(world, op.cgroup, true); }
Status apply(const op::UnfreezeCgroup& op, World& world) { return freeze(world, op.cgroup, false); }

Status apply(const op::SetKnob& op, World& world) {
  KTSTR_TRY(world.find(op.cgroup));
  return world.set_knob(op.cgroup, op.setting);
}

Status apply(const op::CaptureCgroupProcs& op, World& world) {
  KTSTR_TRY(world.find(op.cgroup));
  KTSTR_TRY_ASSIGN(std::vector<int> pids, world.cgroups().processes(op.cgroup));
  world.findings().result.captures.push_back({op.tag, op.cgroup, world.number(), std::move(pids)});
  return ok();
}

}  // namespace ktstr
