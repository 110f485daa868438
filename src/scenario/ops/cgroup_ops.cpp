// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "scenario/ops/op_row.h"
#include "scenario/plan/controller_needs.h"
#include "scenario/plan/rehearsed_world.h"
#include "scenario/world.h"

namespace ktstr {

template <>
op::AddCgroupDef blank() {
  return {CgroupDef::named("-")};
}

namespace {

using Group = RehearsedWorld::Group;

// Payloads first: a frozen one cannot be killed, so the group is thawed before.
Status thaw_and_kill_payloads(World& world, World::Found found) {
  if (found.group->frozen) KTSTR_TRY(world.set_frozen(found, false));
  return world.kill_payloads_in(found.group->name);
}

Status freeze(World& world, const std::string& name, bool frozen) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find(name));
  return world.set_frozen(found, frozen);
}

void rehearse(const op::AddCgroup& op, RehearsedWorld& world) { world.add_group({.name = op.cgroup}); }
Status apply(const op::AddCgroup& op, World& world) { return world.create({.name = op.cgroup}); }

void rehearse(const op::AddCgroupDef& op, RehearsedWorld& world) {
  std::vector<std::string> messages;
  const PlannedCgroup planned =
      plan_cgroup(op.def, world.ctx(), placement_seed(world.ctx(), world.number(), op.def.name()), messages);
  if (!messages.empty()) return world.mistake("{}", messages.front());
  world.add_group(planned);
}
Status apply(const op::AddCgroupDef& op, World& world) {
  std::vector<std::string> mistakes;
  const PlannedCgroup planned =
      plan_cgroup(op.def, world.ctx(), placement_seed(world.ctx(), world.number(), op.def.name()), mistakes);
  if (!mistakes.empty()) return fail(ErrorCode::kInvalidArgument, "{}", mistakes.front());
  KTSTR_TRY(world.set_up({planned}));
  world.target().release_workers();
  return ok();
}

void rehearse(const op::RemoveCgroup& op, RehearsedWorld& world) { world.remove_group(op.cgroup); }
Status apply(const op::RemoveCgroup& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find(op.cgroup));
  KTSTR_TRY(thaw_and_kill_payloads(world, found));
  return found.scope->remove(op.cgroup, world.findings());
}

void rehearse(const op::StopCgroup& op, RehearsedWorld& world) { world.empty_group(op.cgroup); }
Status apply(const op::StopCgroup& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find(op.cgroup));
  KTSTR_TRY(thaw_and_kill_payloads(world, found));
  return found.scope->empty(*found.group, world.findings());
}

void rehearse(const op::KillCgroup& op, RehearsedWorld& world) { world.kill_group(op.cgroup); }
Status apply(const op::KillCgroup& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find(op.cgroup));
  world.mark_payloads_killed(op.cgroup);
  KTSTR_TRY(world.kill_all(op.cgroup));
  KTSTR_TRY(thaw_and_kill_payloads(world, found));
  return found.scope->empty(*found.group, world.findings());
}

void rehearse(const op::MoveAllTasks& op, RehearsedWorld& world) {
  if (op.from == op.to) return world.mistake("from and to are both '{}'; name two cgroups", op.from);
  Group* from = op.from.empty() ? &world.outside() : world.find_with_workers(op.from);
  if (from != nullptr && !from->workers)
    return world.mistake("no workers run outside of the scenario's cgroups at this point; spawn some in \"\"");
  Group* to = op.to.empty() ? &world.outside() : world.find(op.to);
  if (from == nullptr || to == nullptr) return;
  // Outside, they stay in the hands of whoever has them.
  if (op.to.empty()) to->of_backdrop = from->of_backdrop;
  if (from->of_backdrop && !to->of_backdrop && !world.in_backdrop())
    return world.mistake(
        "'{}' belongs to the Backdrop and '{}' to this step: the workers would end with the step; "
        "move them within the Backdrop",
        op.from, op.to);
  if (!op.to.empty()) world.check_takes_processes(op.to);
  from->workers = false;
  to->workers = true;
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

void rehearse(const op::FreezeCgroup& op, RehearsedWorld& world) { world.find(op.cgroup); }
Status apply(const op::FreezeCgroup& op, World& world) { return freeze(world, op.cgroup, true); }

void rehearse(const op::UnfreezeCgroup& op, RehearsedWorld& world) { world.find(op.cgroup); }
Status apply(const op::UnfreezeCgroup& op, World& world) { return freeze(world, op.cgroup, false); }

void rehearse(const op::SetKnob& op, RehearsedWorld& world) {
  if (world.find(op.cgroup) != nullptr) world.mistake_from(check_knob(op.setting.knob, op.setting.value));
}
Status apply(const op::SetKnob& op, World& world) {
  KTSTR_TRY(world.find(op.cgroup));
  return world.set_knob(op.cgroup, op.setting);
}

void rehearse(const op::CaptureCgroupProcs& op, RehearsedWorld& world) {
  if (op.tag.empty()) return world.mistake("a capture needs a tag to be found by");
  world.find(op.cgroup);
}
Status apply(const op::CaptureCgroupProcs& op, World& world) {
  KTSTR_TRY(world.find(op.cgroup));
  KTSTR_TRY_ASSIGN(std::vector<int> pids, world.cgroups().processes(op.cgroup));
  world.findings().result.captures.push_back({op.tag, op.cgroup, world.number(), std::move(pids)});
  return ok();
}

}  // namespace

std::vector<OpRow> cgroup_ops() {
  return {
      op_row<op::AddCgroup>("add_cgroup", "Creates an empty cgroup without limits.",
                            {param<&op::AddCgroup::cgroup>("cgroup", form::kCgroup)}, {rehearse, apply},
                            OpEffect::kLeavesSharesAlone),
      op_row<op::AddCgroupDef>(
          "add_cgroup_def", "Creates a cgroup with limits, workers and payload; its workers start at once.",
          {param<&op::AddCgroupDef::def>("def", "a table as [[cgroup]] has it")},
          {rehearse, apply, nullptr, [](const auto& op, ControllerNeeds& needs) { needs.add(op.def); }}),
      op_row<op::RemoveCgroup>(
          "remove_cgroup", "Ends its workers (they are reported and checked), kills its payloads, removes it.",
          {param<&op::RemoveCgroup::cgroup>("cgroup", form::kCgroup)}, {rehearse, apply}, OpEffect::kMakesRoom),
      op_row<op::StopCgroup>("stop_cgroup", "As remove_cgroup, but the cgroup stays, empty.",
                             {param<&op::StopCgroup::cgroup>("cgroup", form::kCgroup)}, {rehearse, apply},
                             OpEffect::kMakesRoom),
      op_row<op::KillCgroup>("kill_cgroup", "Has the kernel kill everything in it (cgroup.kill).",
                             {param<&op::KillCgroup::cgroup>("cgroup", form::kCgroup)}, {rehearse, apply},
                             OpEffect::kMakesRoom),
      op_row<op::MoveAllTasks>(
          "move_all_tasks",
          "Moves all workers of one cgroup into another; into one of the Backdrop, they outlive the step.",
          {param<&op::MoveAllTasks::from>("from", form::kPlace), param<&op::MoveAllTasks::to>("to", form::kPlace)},
          {rehearse, apply,
           [](const auto& op) { return fmt::format("{} -> {}", show_place(op.from), show_place(op.to)); }}),
      op_row<op::FreezeCgroup>("freeze_cgroup", "Freezes it (cgroup.freeze) and waits until it is frozen.",
                               {param<&op::FreezeCgroup::cgroup>("cgroup", form::kCgroup)}, {rehearse, apply}),
      op_row<op::UnfreezeCgroup>("unfreeze_cgroup", "Thaws it.",
                                 {param<&op::UnfreezeCgroup::cgroup>("cgroup", form::kCgroup)}, {rehearse, apply}),
      op_row<op::SetKnob>(
          "set_knob", "Writes one limit and reads it back.",
          {param<&op::SetKnob::cgroup>("cgroup", form::kCgroup),
           param<&op::SetKnob::setting, &KnobSetting::knob>("knob", "the name of a knob"),
           param<&op::SetKnob::setting, &KnobSetting::value>(
               "value", {"as the key of that name in [[cgroup]] takes it", Writing::kAsKnobTakesIt})},
          {rehearse, apply,
           [](const auto& op) {
             return fmt::format("{} {} = {}", op.cgroup, file_of(op.setting.knob), op.setting.value);
           },
           [](const auto& op, ControllerNeeds& needs) { needs.add(op.cgroup, controller_of(op.setting.knob)); }}),
      op_row<op::CaptureCgroupProcs>(
          "capture_cgroup_procs", "Keeps its cgroup.procs in the result.",
          {param<&op::CaptureCgroupProcs::cgroup>("cgroup", form::kCgroup),
           param<&op::CaptureCgroupProcs::tag>("tag", "a text to find it by")},
          {rehearse, apply, [](const auto& op) { return fmt::format("{} as '{}'", op.cgroup, op.tag); }},
          OpEffect::kLeavesSharesAlone),
  };
}

}  // namespace ktstr
