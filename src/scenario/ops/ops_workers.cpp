// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <signal.h>

#include "scenario/ops/ops.h"

namespace ktstr {

namespace {

Status for_each_set(World& world, const std::string& cgroup, const std::function<Status(WorkerSet&)>& change) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find(cgroup));
  for (WorkerSet& set : found.group->sets) KTSTR_TRY(change(set));
  return ok();
}

}  // namespace

Status apply(const op::Spawn& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find_or_outside(op.cgroup));
  std::vector<std::string> mistakes;
  const WorkSpec spec = plan_work(op.work, world.ctx(), found.group->cpuset.value_or(CpuSet()), mistakes);
  if (!mistakes.empty()) return fail(ErrorCode::kInvalidArgument, "{}", mistakes.front());
  KTSTR_TRY(world.spawn_workers(*found.group, {spec}));
  found.scope->release_workers();
  return ok();
}

Status apply(const op::SetNice& op, World& world) {
  return for_each_set(world, op.cgroup, [&](WorkerSet& set) {
    set.note_nice(op.nice);
    return set.workers->set_nice(op.nice);
  });
}

Status apply(const op::SetPolicy& op, World& world) {
  return for_each_set(world, op.cgroup, [&](WorkerSet& set) {
    set.note_policy(op.policy);
    return set.workers->set_policy(op.policy);
  });
}

Status apply(const op::SetUclamp& op, World& world) {
  return for_each_set(world, op.cgroup, [&](WorkerSet& set) { return set.workers->set_uclamp(op.min, op.max); });
}

Status apply(const op::CoreSchedCreate& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find(op.cgroup));
  return world.hooks().core_create(found.group->pids());
}

Status apply(const op::CoreSchedShare& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found from, world.find(op.from));
  KTSTR_TRY_ASSIGN(const World::Found to, world.find(op.to));
  const std::vector<int> sources = from.group->pids();
  if (sources.empty()) return fail(ErrorCode::kInvalidArgument, "'{}' has no workers", op.from);
  return world.hooks().core_share(sources.front(), to.group->pids());
}

Status apply(const op::CoreSchedClear& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find(op.cgroup));
  return world.hooks().core_clear(found.group->pids());
}

Status apply(const op::SignalStorm& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find(op.cgroup));
  Nanoseconds next = world.hooks().now();
  for (int i = 0; i < op.count * 2; ++i) {
    const int signal = i % 2 == 0 ? SIGSTOP : SIGCONT;
    for (const WorkerSet& set : found.group->sets) KTSTR_TRY(set.workers->send_signal(signal));
    next += op.interval / 2;
    world.hooks().pause(std::max(next - world.hooks().now(), Nanoseconds(0)));
  }
  return ok();
}

}  // namespace ktstr
