// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "ktstr/cpu_speed.h"
#include "scenario/machine_changes.h"
#include "scenario/ops/op_row.h"
#include "scenario/plan/rehearsed_world.h"
#include "scenario/world.h"

namespace ktstr {

namespace {

constexpr int kMostCpusOfAll = 4096;  // which CPUs there are is check_cpu()'s to say

void rehearse(const op::CpuOffline& op, RehearsedWorld& world) {
  world.check_cpu(op.cpu);
  if (op.cpu == 0) world.mistake("CPU 0 cannot go offline: the kernel keeps it; take another one");
}
Status apply(const op::CpuOffline& op, World& world) {
  return world.switch_cpus([&] { return world.target().machine().set_cpu_online(op.cpu, false); });
}

void rehearse(const op::CpuOnline& op, RehearsedWorld& world) { world.check_cpu(op.cpu); }
Status apply(const op::CpuOnline& op, World& world) {
  return world.switch_cpus([&] { return world.target().machine().set_cpu_online(op.cpu, true); });
}

void rehearse(const op::SetSmt&, RehearsedWorld& world) {
  const auto& llcs = world.ctx().topology().llcs;
  const bool smt = std::any_of(llcs.begin(), llcs.end(), [](const TestTopology::Llc& llc) {
    return std::any_of(llc.cores.begin(), llc.cores.end(), [](const auto& core) { return core.threads.size() > 1; });
  });
  if (!smt) world.mistake("the machine has one thread a core; ask for a topology like 1n1l2c2t");
}
Status apply(const op::SetSmt& op, World& world) {
  return world.switch_cpus([&] { return world.target().machine().set_smt(op.on); });
}

void rehearse(const op::WriteSysctl& op, RehearsedWorld& world) { world.mistake_from(check_sysctl_name(op.name)); }
Status apply(const op::WriteSysctl& op, World& world) {
  return world.target().machine().write_sysctl(op.name, op.value);
}

void rehearse(const op::SteerIrq& op, RehearsedWorld& world) {
  if (op.irq.empty())
    return world.mistake("an interrupt is named by its number or by words of its line in /proc/interrupts");
  world.check_cpu(op.cpu);
}
Status apply(const op::SteerIrq& op, World& world) { return world.target().machine().steer_irq(op.irq, op.cpu); }

void rehearse(const op::SetCpuSpeed& op, RehearsedWorld& world) {
  for (const Cpu cpu : op.cpus) world.check_cpu(cpu);
  world.mistake_from(check_cpu_speed({op.cpus, op.percent}, kMostCpusOfAll));
}
Status apply(const op::SetCpuSpeed& op, World& world) {
  return world.target().machine().set_cpu_speed(op.cpus, op.percent);
}

}  // namespace

std::vector<OpRow> machine_ops() {
  return {
      op_row<op::CpuOffline>("cpu_offline", "Takes a CPU offline.", {param<&op::CpuOffline::cpu>("cpu", form::kCpu)},
                             {rehearse, apply}),
      op_row<op::CpuOnline>("cpu_online", "Takes a CPU online.", {param<&op::CpuOnline::cpu>("cpu", form::kCpu)},
                            {rehearse, apply}),
      op_row<op::SetSmt>("set_smt", "Switches SMT on or off.", {param<&op::SetSmt::on>("on", "true or false")},
                         {rehearse, apply}),
      op_row<op::WriteSysctl>(
          "write_sysctl", "Writes a sysctl.",
          {param<&op::WriteSysctl::name>("name", "a name like \"kernel.sched_rt_runtime_us\""),
           param<&op::WriteSysctl::value>("value", form::kTextOrNumber)},
          {rehearse, apply, [](const auto& op) { return fmt::format("{} = {}", op.name, op.value); }}),
      op_row<op::SteerIrq>(
          "steer_irq", "Sends an interrupt to one CPU.",
          {param<&op::SteerIrq::irq>("irq",
                                     {"a number, or words of its line in /proc/interrupts", Writing::kTextOrNumber}),
           param<&op::SteerIrq::cpu>("cpu", form::kCpu)},
          {rehearse, apply, [](const auto& op) { return fmt::format("{} -> CPU {}", op.irq, op.cpu); }},
          OpEffect::kLeavesSharesAlone),
      op_row<op::SetCpuSpeed>(
          "set_cpu_speed", "Makes CPUs slower, or as fast as they were: parts of their turns (det mode).",
          {param<&op::SetCpuSpeed::cpus>("cpus", "a list of CPUs like \"4-7\""),
           param<&op::SetCpuSpeed::percent>("percent", "1 to 100")},
          {rehearse, apply, [](const auto& op) { return fmt::format("{} to {}%", op.cpus.to_string(), op.percent); }}),
  };
}

}  // namespace ktstr
