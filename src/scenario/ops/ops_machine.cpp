// SPDX-License-Identifier: Apache-2.0
#include "scenario/ops/ops.h"

namespace ktstr {

Status apply(const op::CpuOffline& op, World& world) {
  return world.switch_cpus([&] { return world.target().machine().set_cpu_online(op.cpu, false); });
}

Status apply(const op::CpuOnline& op, World& world) {
  return world.switch_cpus([&] { return world.target().machine().set_cpu_online(op.cpu, true); });
}

Status apply(const op::SetSmt& op, World& world) {
  return world.switch_cpus([&] { return world.target().machine().set_smt(op.on); });
}

Status apply(const op::WriteSysctl& op, World& world) {
  return world.target().machine().write_sysctl(op.name, op.value);
}

Status apply(const op::SteerIrq& op, World& world) { return world.target().machine().steer_irq(op.irq, op.cpu); }

Status apply(const op::SetCpuSpeed& op, World& world) {
  return world.target().machine().set_cpu_speed(op.cpus, op.percent);
}

}  // namespace ktstr
