// SPDX-License-Identifier: Apache-2.0
//
// Ops: single changes to the running system, in the middle of a scenario. An Op is one of the structs of namespace
// `op`; the functions of class Op build them. src/scenario/ops/op_table.cpp has a row for each (its name in scenario
// files, its parameters, what it needs), from which the reference page comes as well; what an op does stands in the
// file of its family, src/scenario/ops_*.cpp.
//
// A cgroup's name is looked up among those of the step first, then among those of the Backdrop. The empty name means
// the place where the body itself runs, outside of the scenario's cgroups.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ktstr/cgroup_def.h"
#include "ktstr/cpuset.h"
#include "ktstr/knob.h"
#include "ktstr/payload.h"
#include "ktstr/work.h"

namespace ktstr {

namespace op {

// --- cgroups
struct AddCgroup {
  std::string cgroup;
};  // empty: no workers, no limits
struct AddCgroupDef {
  CgroupDef def;
};
struct RemoveCgroup {
  std::string cgroup;
};  // its workers end (and are reported), its payloads are killed
struct StopCgroup {
  std::string cgroup;
};  // the same, but the cgroup stays
struct KillCgroup {
  std::string cgroup;
};  // cgroup.kill: SIGKILL by the kernel, whoever is in there
struct MoveAllTasks {
  std::string from, to;
};  // "" is outside
struct FreezeCgroup {
  std::string cgroup;
};
struct UnfreezeCgroup {
  std::string cgroup;
};
struct SetKnob {
  std::string cgroup;
  KnobSetting setting;
};
struct CaptureCgroupProcs {
  std::string tag, cgroup;
};  // cgroup.procs into AssertResult::captures
// --- CPUs of cgroups and workers
struct SetCpuset {
  std::string cgroup;
  CpusetSpec cpus;
};
struct ClearCpuset {
  std::string cgroup;
};
struct SwapCpusets {
  std::string a, b;
};
struct SetAffinity {
  std::string cgroup;
  AffinityIntent affinity;
};
// --- workers
struct Spawn {
  std::string cgroup;
  WorkSpec work;
};  // "" spawns outside of the scenario's cgroups
struct SetNice {
  std::string cgroup;
  int nice = 0;
};
struct SetPolicy {
  std::string cgroup;
  SchedPolicy policy;
};
struct SetUclamp {
  std::string cgroup;
  int min = 0, max = 1024;
};
// PR_SCHED_CORE (CONFIG_SCHED_CORE): one new cookie for all workers of the cgroup; that of another cgroup's workers;
// none.
struct CoreSchedCreate {
  std::string cgroup;
};
struct CoreSchedShare {
  std::string from, to;
};
struct CoreSchedClear {
  std::string cgroup;
};
// SIGSTOP and, half an interval later, SIGCONT to all workers of the cgroup, `count` times.
struct SignalStorm {
  std::string cgroup;
  int count = 1;
  std::chrono::nanoseconds interval{};
};
// --- payloads
struct RunPayload {
  Payload payload;
  std::vector<std::string> args;
  std::string cgroup;
};
struct WaitPayload {
  std::string payload;
  std::optional<std::string> cgroup;
  std::optional<std::chrono::nanoseconds> timeout;
};
struct KillPayload {
  std::string payload;
  std::optional<std::string> cgroup;
};
// --- the machine; all of it is put back at the end of the scope that did it
struct CpuOffline {
  Cpu cpu = 0;
};
struct CpuOnline {
  Cpu cpu = 0;
};
struct SetSmt {
  bool on = true;
};  // /sys/devices/system/cpu/smt/control
struct WriteSysctl {
  std::string name, value;
};  // "kernel.sched_rt_runtime_us"
struct SteerIrq {
  std::string irq;
  Cpu cpu = 0;
};  // a number, or a label of /proc/interrupts that is unique
struct SetCpuSpeed {
  CpuSet cpus;
  int percent = 100;
};  // of full speed, 1 to 100; det mode

}  // namespace op

class Op {
 public:
  // In the order of the bits of StepMark::op_kinds: new ones come last.
  using Kind = std::variant<op::AddCgroup, op::AddCgroupDef, op::RemoveCgroup, op::StopCgroup, op::KillCgroup,
                            op::MoveAllTasks, op::FreezeCgroup, op::UnfreezeCgroup, op::SetKnob, op::CaptureCgroupProcs,
                            op::SetCpuset, op::ClearCpuset, op::SwapCpusets, op::SetAffinity, op::Spawn, op::SetNice,
                            op::SetPolicy, op::SetUclamp, op::CoreSchedCreate, op::CoreSchedShare, op::CoreSchedClear,
                            op::SignalStorm, op::RunPayload, op::WaitPayload, op::KillPayload, op::CpuOffline,
                            op::CpuOnline, op::SetSmt, op::WriteSysctl, op::SteerIrq, op::SetCpuSpeed>;
  static constexpr std::size_t kKinds = std::variant_size_v<Kind>;
  static_assert(kKinds <= 32, "StepMark::op_kinds is 32 bits wide");

  Op(Kind kind) : kind_(std::move(kind)) {}

  static Op add_cgroup(std::string cgroup);
  static Op add_cgroup_def(CgroupDef def);
  static Op remove_cgroup(std::string cgroup);
  static Op stop_cgroup(std::string cgroup);
  static Op kill_cgroup(std::string cgroup);
  static Op move_all_tasks(std::string from, std::string to);
  static Op freeze_cgroup(std::string cgroup);
  static Op unfreeze_cgroup(std::string cgroup);
  static Op set_knob(std::string cgroup, Knob knob, std::string value);
  static Op set_weight(std::string cgroup, int weight);  // set_knob with cpu.weight
  static Op capture_cgroup_procs(std::string tag, std::string cgroup);
  static Op set_cpuset(std::string cgroup, CpusetSpec cpus);
  static Op clear_cpuset(std::string cgroup);
  static Op swap_cpusets(std::string a, std::string b);
  static Op set_affinity(std::string cgroup, AffinityIntent affinity);
  static Op spawn_workers(std::string cgroup, WorkSpec work);
  static Op spawn_host(WorkSpec work);  // outside of the scenario's cgroups
  static Op set_nice(std::string cgroup, int nice);
  static Op set_policy(std::string cgroup, SchedPolicy policy);
  static Op set_uclamp(std::string cgroup, int min, int max);
  static Op core_sched_create(std::string cgroup);
  static Op core_sched_share(std::string from, std::string to);
  static Op core_sched_clear(std::string cgroup);
  static Op signal_storm(std::string cgroup, int count, std::chrono::nanoseconds interval);
  static Op run_payload(Payload payload, std::vector<std::string> args = {});
  static Op run_payload_in_cgroup(std::string cgroup, Payload payload, std::vector<std::string> args = {});
  static Op wait_payload(std::string payload, std::optional<std::chrono::nanoseconds> timeout = {});
  static Op wait_payload_in_cgroup(std::string cgroup, std::string payload,
                                   std::optional<std::chrono::nanoseconds> timeout = {});
  static Op kill_payload(std::string payload);
  static Op kill_payload_in_cgroup(std::string cgroup, std::string payload);
  static Op cpu_offline(Cpu cpu);
  static Op cpu_online(Cpu cpu);
  static Op set_smt(bool on);
  static Op write_sysctl(std::string name, std::string value);
  static Op steer_irq(std::string irq, Cpu cpu);
  static Op set_cpu_speed(CpuSet cpus, int percent);

  const Kind& kind() const { return kind_; }
  std::string_view name() const;  // as scenario files spell it: "move_all_tasks"
  std::uint32_t bit() const { return std::uint32_t{1} << kind_.index(); }
  std::string describe() const;  // "move_all_tasks cg_0 -> cg_1"

 private:
  Kind kind_;
};

}  // namespace ktstr
