// SPDX-License-Identifier: Apache-2.0
#include "scenario/ops/rehearsal_ops.h"

#include <algorithm>

#include "base/text/duration.h"
#include "ktstr/cpu_speed.h"
#include "scenario/machine_changes.h"
#include "scenario/plan/definition_rules.h"

namespace ktstr {

namespace {

using Group = RehearsedWorld::Group;

constexpr int kMostSignals = 1'000'000;

// --- cgroups

void rehearse(const op::AddCgroup& op, RehearsedWorld& world) { world.add_group({.name = op.cgroup}); }
void rehearse(const op::AddCgroupDef& op, RehearsedWorld& world) {
  std::vector<std::string> messages;
  const PlannedCgroup planned =
      plan_cgroup(op.def, world.ctx(), placement_seed(world.ctx(), world.number(), op.def.name()), messages);
  if (!messages.empty()) return world.mistake("{}", messages.front());
  world.add_group(planned);
}
void rehearse(const op::RemoveCgroup& op, RehearsedWorld& world) { world.remove_group(op.cgroup); }
void rehearse(const op::StopCgroup& op, RehearsedWorld& world) { world.empty_group(op.cgroup); }
void rehearse(const op::KillCgroup& op, RehearsedWorld& world) { world.kill_group(op.cgroup); }
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
void rehearse(const op::FreezeCgroup& op, RehearsedWorld& world) { world.find(op.cgroup); }
void rehearse(const op::UnfreezeCgroup& op, RehearsedWorld& world) { world.find(op.cgroup); }
void rehearse(const op::SetKnob& op, RehearsedWorld& world) {
  if (world.find(op.cgroup) != nullptr) world.mistake_from(check_knob(op.setting.knob, op.setting.value));
}
void rehearse(const op::CaptureCgroupProcs& op, RehearsedWorld& world) {
  if (op.tag.empty()) return world.mistake("a capture needs a tag to be found by");
  world.find(op.cgroup);
}

// --- CPUs of cgroups and workers

void rehearse(const op::SetCpuset& op, RehearsedWorld& world) {
  Group* group = world.find(op.cgroup);
  if (group == nullptr) return;
  const auto cpus = op.cpus.resolve(world.ctx().topology(), placement_seed(world.ctx(), world.number(), op.cgroup));
  if (!cpus) return world.mistake("cpuset {}: {}", op.cpus.describe(), cpus.error().message());
  group->cpuset = *cpus;
}
void rehearse(const op::ClearCpuset& op, RehearsedWorld& world) {
  if (Group* group = world.find(op.cgroup)) group->cpuset = {};
}
void rehearse(const op::SwapCpusets& op, RehearsedWorld& world) {
  if (op.a == op.b) return world.mistake("a and b are both '{}'; name two cgroups", op.a);
  Group *a = world.find(op.a), *b = world.find(op.b);
  if (a != nullptr && b != nullptr) std::swap(a->cpuset, b->cpuset);
}
void rehearse(const op::SetAffinity& op, RehearsedWorld& world) {
  const Group* group = world.find_with_workers(op.cgroup);
  if (group == nullptr) return;
  if (const auto cpus = op.affinity.resolve(world.ctx().topology(), group->cpuset, 0, 0); !cpus)
    world.mistake("affinity {}: {}", op.affinity.describe(), cpus.error().message());
}

// --- workers

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
void rehearse(const op::SetNice& op, RehearsedWorld& world) {
  if (world.find_with_workers(op.cgroup) != nullptr) world.mistake_from(check_nice(op.nice));
}
void rehearse(const op::SetPolicy& op, RehearsedWorld& world) {
  if (world.find_with_workers(op.cgroup) != nullptr) world.mistake_from(op.policy.validate());
}
void rehearse(const op::SetUclamp& op, RehearsedWorld& world) {
  if (world.find_with_workers(op.cgroup) != nullptr) world.mistake_from(check_uclamp(op.min, op.max));
}
void rehearse(const op::CoreSchedCreate& op, RehearsedWorld& world) { world.find_with_workers(op.cgroup); }
void rehearse(const op::CoreSchedShare& op, RehearsedWorld& world) {
  if (op.from == op.to) return world.mistake("from and to are both '{}'; name two cgroups", op.from);
  if (world.find_with_workers(op.from) != nullptr) world.find_with_workers(op.to);
}
void rehearse(const op::CoreSchedClear& op, RehearsedWorld& world) { world.find_with_workers(op.cgroup); }
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

// --- payloads

void rehearse(const op::RunPayload& op, RehearsedWorld& world) {
  world.start_payload(op.payload, op.args, op.cgroup, "Op::run_payload");
}
void rehearse(const op::WaitPayload& op, RehearsedWorld& world) {
  if (op.timeout && op.timeout->count() < 0)
    return world.mistake("a wait of {} is not valid; accepted: 0s and more, or no timeout",
                         format_duration(*op.timeout));
  world.end_payload(op.payload, op.cgroup, !op.timeout);
}
void rehearse(const op::KillPayload& op, RehearsedWorld& world) { world.end_payload(op.payload, op.cgroup, true); }

// --- the machine

constexpr int kMostCpusOfAll = 4096;  // which CPUs there are is check_cpu()'s to say

void rehearse(const op::CpuOffline& op, RehearsedWorld& world) {
  world.check_cpu(op.cpu);
  if (op.cpu == 0) world.mistake("CPU 0 cannot go offline: the kernel keeps it; take another one");
}
void rehearse(const op::CpuOnline& op, RehearsedWorld& world) { world.check_cpu(op.cpu); }
void rehearse(const op::SetSmt&, RehearsedWorld& world) {
  const auto& llcs = world.ctx().topology().llcs;
  const bool smt = std::any_of(llcs.begin(), llcs.end(), [](const TestTopology::Llc& llc) {
    return std::any_of(llc.cores.begin(), llc.cores.end(), [](const auto& core) { return core.threads.size() > 1; });
  });
  if (!smt) world.mistake("the machine has one thread a core; ask for a topology like 1n1l2c2t");
}
void rehearse(const op::WriteSysctl& op, RehearsedWorld& world) { world.mistake_from(check_sysctl_name(op.name)); }
void rehearse(const op::SteerIrq& op, RehearsedWorld& world) {
  if (op.irq.empty())
    return world.mistake("an interrupt is named by its number or by words of its line in /proc/interrupts");
  world.check_cpu(op.cpu);
}
void rehearse(const op::SetCpuSpeed& op, RehearsedWorld& world) {
  for (const Cpu cpu : op.cpus) world.check_cpu(cpu);
  world.mistake_from(check_cpu_speed({op.cpus, op.percent}, kMostCpusOfAll));
}

}  // namespace

void rehearse(const Op& op, RehearsedWorld& world) {
  std::visit([&](const auto& each) { rehearse(each, world); }, op.kind());
}

}  // namespace ktstr
