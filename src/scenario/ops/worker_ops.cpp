// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <signal.h>

#include "base/text/duration.h"
#include "scenario/ops/op_row.h"
#include "scenario/plan/definition_rules.h"
#include "scenario/plan/rehearsed_world.h"
#include "scenario/world.h"

namespace ktstr {

namespace {

using Group = RehearsedWorld::Group;

constexpr int kMostSignals = 1'000'000;

Status for_each_set(World& world, const std::string& cgroup, const std::function<Status(WorkerSet&)>& change) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find(cgroup));
  for (WorkerSet& set : found.group->sets) KTSTR_TRY(change(set));
  return ok();
}

void rehearse(const op::Spawn& op, RehearsedWorld& world) {
  if (op.cgroup.empty() && op.work.workers_pct)
    return world.mistake(
        "workers_pct counts the CPUs of a cgroup's cpuset; outside of the cgroups say a number of workers");
  Group* group = op.cgroup.empty() ? &world.outside() : world.find(op.cgroup);
  if (group == nullptr) return;
  std::vector<std::string> messages;
  plan_work(op.work, world.ctx(), group->cpuset, messages);
  if (!messages.empty()) return world.mistake("{}", messages.front());
  if (op.cgroup.empty())
    group->of_backdrop = group->of_backdrop || world.in_backdrop();
  else
    world.check_takes_processes(op.cgroup);
  group->workers = true;
}
Status apply(const op::Spawn& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find_or_outside(op.cgroup));
  std::vector<std::string> mistakes;
  const WorkSpec spec = plan_work(op.work, world.ctx(), found.group->cpuset.value_or(CpuSet()), mistakes);
  if (!mistakes.empty()) return fail(ErrorCode::kInvalidArgument, "{}", mistakes.front());
  KTSTR_TRY(world.spawn_workers(*found.group, {spec}));
  found.scope->release_workers();
  return ok();
}

void rehearse(const op::SetNice& op, RehearsedWorld& world) {
  if (world.find_with_workers(op.cgroup) != nullptr) world.mistake_from(check_nice(op.nice));
}
Status apply(const op::SetNice& op, World& world) {
  return for_each_set(world, op.cgroup, [&](WorkerSet& set) {
    set.note_nice(op.nice);
    return set.workers->set_nice(op.nice);
  });
}

void rehearse(const op::SetPolicy& op, RehearsedWorld& world) {
  if (world.find_with_workers(op.cgroup) != nullptr) world.mistake_from(op.policy.validate());
}
Status apply(const op::SetPolicy& op, World& world) {
  return for_each_set(world, op.cgroup, [&](WorkerSet& set) {
    set.note_policy(op.policy);
    return set.workers->set_policy(op.policy);
  });
}

void rehearse(const op::SetUclamp& op, RehearsedWorld& world) {
  if (world.find_with_workers(op.cgroup) != nullptr) world.mistake_from(check_uclamp(op.min, op.max));
}
Status apply(const op::SetUclamp& op, World& world) {
  return for_each_set(world, op.cgroup, [&](WorkerSet& set) { return set.workers->set_uclamp(op.min, op.max); });
}

void rehearse(const op::CoreSchedCreate& op, RehearsedWorld& world) { world.find_with_workers(op.cgroup); }
Status apply(const op::CoreSchedCreate& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find(op.cgroup));
  return world.hooks().core_create(found.group->pids());
}

void rehearse(const op::CoreSchedShare& op, RehearsedWorld& world) {
  if (op.from == op.to) return world.mistake("from and to are both '{}'; name two cgroups", op.from);
  if (world.find_with_workers(op.from) != nullptr) world.find_with_workers(op.to);
}
Status apply(const op::CoreSchedShare& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found from, world.find(op.from));
  KTSTR_TRY_ASSIGN(const World::Found to, world.find(op.to));
  const std::vector<int> sources = from.group->pids();
  if (sources.empty()) return fail(ErrorCode::kInvalidArgument, "'{}' has no workers", op.from);
  return world.hooks().core_share(sources.front(), to.group->pids());
}

void rehearse(const op::CoreSchedClear& op, RehearsedWorld& world) { world.find_with_workers(op.cgroup); }
Status apply(const op::CoreSchedClear& op, World& world) {
  KTSTR_TRY_ASSIGN(const World::Found found, world.find(op.cgroup));
  return world.hooks().core_clear(found.group->pids());
}

void rehearse(const op::SignalStorm& op, RehearsedWorld& world) {
  if (world.find_with_workers(op.cgroup) == nullptr) return;
  if (op.count < 1) return world.mistake("a storm of {} signals is not valid; at least 1", op.count);
  if (op.interval.count() <= 0) return world.mistake("a storm needs an interval longer than 0s");
  if (op.count > kMostSignals)
    return world.mistake("a storm of {} signals is not valid; at most {}", op.count, kMostSignals);
  // It ends before the body's own time does (limits_for()).
  const double lasts = static_cast<double>(op.interval.count()) * op.count;
  if (lasts > static_cast<double>(world.ctx().duration().count()) + 25e9)
    world.mistake("a storm of {} signals with {} each lasts {:.0f} s, and the scenario {}; send fewer", op.count,
                  format_duration(op.interval), lasts / 1e9, format_duration(world.ctx().duration()));
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

}  // namespace

std::vector<OpRow> worker_ops() {
  return {
      op_row<op::Spawn>("spawn", "Starts workers in a cgroup, or outside of the scenario's cgroups.",
                        {param<&op::Spawn::cgroup>("cgroup", form::kPlace),
                         param<&op::Spawn::work>("work", "a work type, or a table as [[cgroup.work]] has it")},
                        {rehearse, apply,
                         [](const auto& op) {
                           return fmt::format("{} x {} in {}", op.work.workers, name_of(op.work.type),
                                              show_place(op.cgroup));
                         }}),
      op_row<op::SetNice>(
          "set_nice", "Changes the nice value of its workers.",
          {param<&op::SetNice::cgroup>("cgroup", form::kCgroup), param<&op::SetNice::nice>("nice", "-20 to 19")},
          {rehearse, apply}),
      op_row<op::SetPolicy>(
          "set_policy", "Changes the scheduling policy of its workers.",
          {param<&op::SetPolicy::cgroup>("cgroup", form::kCgroup), param<&op::SetPolicy::policy>("policy", "a policy")},
          {rehearse, apply}),
      op_row<op::SetUclamp>(
          "set_uclamp", "Clamps the utilisation of its workers (CONFIG_UCLAMP_TASK).",
          {param<&op::SetUclamp::cgroup>("cgroup", form::kCgroup),
           optional_param<&op::SetUclamp::min>("min", "0 to 1024"),
           optional_param<&op::SetUclamp::max>("max", "0 to 1024")},
          {rehearse, apply, [](const auto& op) { return fmt::format("{} {}..{}", op.cgroup, op.min, op.max); }}),
      op_row<op::CoreSchedCreate>("core_sched_create", "Gives its workers one new core scheduling cookie (needs SMT).",
                                  {param<&op::CoreSchedCreate::cgroup>("cgroup", form::kCgroup)}, {rehearse, apply}),
      op_row<op::CoreSchedShare>(
          "core_sched_share", "Gives the workers of a cgroup the cookie of another one's.",
          {param<&op::CoreSchedShare::from>("from", form::kCgroup),
           param<&op::CoreSchedShare::to>("to", form::kCgroup)},
          {rehearse, apply, [](const auto& op) { return fmt::format("{} -> {}", op.from, op.to); }}),
      op_row<op::CoreSchedClear>("core_sched_clear", "Takes the cookie from its workers.",
                                 {param<&op::CoreSchedClear::cgroup>("cgroup", form::kCgroup)}, {rehearse, apply}),
      op_row<op::SignalStorm>("signal_storm", "Stops and continues its workers again and again (SIGSTOP, SIGCONT).",
                              {param<&op::SignalStorm::cgroup>("cgroup", form::kCgroup),
                               param<&op::SignalStorm::count>("count", "how often"),
                               param<&op::SignalStorm::interval>("interval", form::kDuration)},
                              {rehearse, apply,
                               [](const auto& op) {
                                 return fmt::format("{} {} x {}", op.cgroup, op.count, format_duration(op.interval));
                               }}),
  };
}

}  // namespace ktstr
