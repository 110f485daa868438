// SPDX-License-Identifier: Apache-2.0
#include "ktstr/op.h"

namespace ktstr {

Op Op::add_cgroup(std::string cgroup) { return Op(op::AddCgroup{std::move(cgroup)}); }
Op Op::add_cgroup_def(CgroupDef def) { return Op(op::AddCgroupDef{std::move(def)}); }
Op Op::remove_cgroup(std::string cgroup) { return Op(op::RemoveCgroup{std::move(cgroup)}); }
Op Op::stop_cgroup(std::string cgroup) { return Op(op::StopCgroup{std::move(cgroup)}); }
Op Op::kill_cgroup(std::string cgroup) { return Op(op::KillCgroup{std::move(cgroup)}); }
Op Op::move_all_tasks(std::string from, std::string to) { return Op(op::MoveAllTasks{std::move(from), std::move(to)}); }
Op Op::freeze_cgroup(std::string cgroup) { return Op(op::FreezeCgroup{std::move(cgroup)}); }
Op Op::unfreeze_cgroup(std::string cgroup) { return Op(op::UnfreezeCgroup{std::move(cgroup)}); }
Op Op::set_knob(std::string cgroup, Knob knob, std::string value) {
  return Op(op::SetKnob{std::move(cgroup), {knob, std::move(value)}});
}
Op Op::set_weight(std::string cgroup, int weight) {
  return set_knob(std::move(cgroup), Knob::kCpuWeight, std::to_string(weight));
}
Op Op::capture_cgroup_procs(std::string tag, std::string cgroup) {
  return Op(op::CaptureCgroupProcs{std::move(tag), std::move(cgroup)});
}
Op Op::set_cpuset(std::string cgroup, CpusetSpec cpus) { return Op(op::SetCpuset{std::move(cgroup), std::move(cpus)}); }
Op Op::clear_cpuset(std::string cgroup) { return Op(op::ClearCpuset{std::move(cgroup)}); }
Op Op::swap_cpusets(std::string a, std::string b) { return Op(op::SwapCpusets{std::move(a), std::move(b)}); }
Op Op::set_affinity(std::string cgroup, AffinityIntent affinity) {
  return Op(op::SetAffinity{std::move(cgroup), std::move(affinity)});
}
Op Op::spawn_workers(std::string cgroup, WorkSpec work) { return Op(op::Spawn{std::move(cgroup), std::move(work)}); }
Op Op::spawn_host(WorkSpec work) { return Op(op::Spawn{{}, std::move(work)}); }
Op Op::set_nice(std::string cgroup, int nice) { return Op(op::SetNice{std::move(cgroup), nice}); }
Op Op::set_policy(std::string cgroup, SchedPolicy policy) { return Op(op::SetPolicy{std::move(cgroup), policy}); }
Op Op::set_uclamp(std::string cgroup, int min, int max) { return Op(op::SetUclamp{std::move(cgroup), min, max}); }
Op Op::core_sched_create(std::string cgroup) { return Op(op::CoreSchedCreate{std::move(cgroup)}); }
Op Op::core_sched_share(std::string from, std::string to) {
  return Op(op::CoreSchedShare{std::move(from), std::move(to)});
}
Op Op::core_sched_clear(std::string cgroup) { return Op(op::CoreSchedClear{std::move(cgroup)}); }
Op Op::signal_storm(std::string cgroup, int count, std::chrono::nanoseconds interval) {
  return Op(op::SignalStorm{std::move(cgroup), count, interval});
}
Op Op::run_payload(Payload payload, std::vector<std::string> args) {
  return Op(op::RunPayload{std::move(payload), std::move(args), {}});
}
Op Op::run_payload_in_cgroup(std::string cgroup, Payload payload, std::vector<std::string> args) {
  return Op(op::RunPayload{std::move(payload), std::move(args), std::move(cgroup)});
}
Op Op::wait_payload(std::string payload, std::optional<std::chrono::nanoseconds> timeout) {
  return Op(op::WaitPayload{std::move(payload), {}, timeout});
}
Op Op::wait_payload_in_cgroup(std::string cgroup, std::string payload,
                              std::optional<std::chrono::nanoseconds> timeout) {
  return Op(op::WaitPayload{std::move(payload), std::move(cgroup), timeout});
}
Op Op::kill_payload(std::string payload) { return Op(op::KillPayload{std::move(payload), {}}); }
Op Op::kill_payload_in_cgroup(std::string cgroup, std::string payload) {
  return Op(op::KillPayload{std::move(payload), std::move(cgroup)});
}
Op Op::cpu_offline(Cpu cpu) { return Op(op::CpuOffline{cpu}); }
Op Op::cpu_online(Cpu cpu) { return Op(op::CpuOnline{cpu}); }
Op Op::set_smt(bool on) { return Op(op::SetSmt{on}); }
Op Op::write_sysctl(std::string name, std::string value) {
  return Op(op::WriteSysctl{std::move(name), std::move(value)});
}
Op Op::steer_irq(std::string irq, Cpu cpu) { return Op(op::SteerIrq{std::move(irq), cpu}); }
Op Op::set_cpu_speed(CpuSet cpus, int percent) { return Op(op::SetCpuSpeed{std::move(cpus), percent}); }

}  // namespace ktstr
