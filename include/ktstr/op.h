// SPDX-License-Identifier: Apache-2.0
//
// Ops: single changes to the running system, in the middle of a scenario. An Op is one of the structs of namespace
// `op`; the functions of class Op build them. Its row (its name in scenario files, its parameters, what it does) stands
// in the file of its family, src/scenario/ops/*_ops.cpp; the reference page comes from these rows.
//
// A cgroup's name is looked up among those of the step first, then among those of the Backdrop. The empty name means
// the place where the body itself runs, outside of the scenario's cgroups.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
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
// --- the scheduler under test; each waits until the kernel says so
struct AttachScheduler {
  std::string scheduler;
};  // "PROGRAM ARGS", of TestAttributes::staged_schedulers; "": the one under test, see TestAttributes::attach_by_op
struct DetachScheduler {};
struct RestartScheduler {};  // the same program with the same arguments
struct ReplaceScheduler {
  std::string scheduler;
};

}  // namespace op

template <typename T, typename Variant>
inline constexpr bool kIsAlternative = false;
template <typename T, typename... Types>
inline constexpr bool kIsAlternative<T, std::variant<Types...>> = (std::is_same_v<T, Types> || ...);
template <typename T, typename Variant>
concept AlternativeOf = kIsAlternative<T, Variant>;

class Op {
 public:
  using Kind = std::variant<op::AddCgroup, op::AddCgroupDef, op::RemoveCgroup, op::StopCgroup, op::KillCgroup,
                            op::MoveAllTasks, op::FreezeCgroup, op::UnfreezeCgroup, op::SetKnob, op::CaptureCgroupProcs,
                            op::SetCpuset, op::ClearCpuset, op::SwapCpusets, op::SetAffinity, op::Spawn, op::SetNice,
                            op::SetPolicy, op::SetUclamp, op::CoreSchedCreate, op::CoreSchedShare, op::CoreSchedClear,
                            op::SignalStorm, op::RunPayload, op::WaitPayload, op::KillPayload, op::CpuOffline,
                            op::CpuOnline, op::SetSmt, op::WriteSysctl, op::SteerIrq, op::SetCpuSpeed,
                            op::AttachScheduler, op::DetachScheduler, op::RestartScheduler, op::ReplaceScheduler>;
  static constexpr std::size_t kKinds = std::variant_size_v<Kind>;

  Op(Kind kind) : kind_(std::move(kind)) {}
  template <AlternativeOf<Kind> T>
  Op(T kind) : kind_(std::move(kind)) {}

  static Op add_cgroup(std::string cgroup) { return op::AddCgroup{std::move(cgroup)}; }
  static Op add_cgroup_def(CgroupDef def) { return op::AddCgroupDef{std::move(def)}; }
  static Op remove_cgroup(std::string cgroup) { return op::RemoveCgroup{std::move(cgroup)}; }
  static Op stop_cgroup(std::string cgroup) { return op::StopCgroup{std::move(cgroup)}; }
  static Op kill_cgroup(std::string cgroup) { return op::KillCgroup{std::move(cgroup)}; }
  static Op move_all_tasks(std::string from, std::string to) {
    return op::MoveAllTasks{std::move(from), std::move(to)};
  }
  static Op freeze_cgroup(std::string cgroup) { return op::FreezeCgroup{std::move(cgroup)}; }
  static Op unfreeze_cgroup(std::string cgroup) { return op::UnfreezeCgroup{std::move(cgroup)}; }
  static Op set_knob(std::string cgroup, Knob knob, std::string value) {
    return op::SetKnob{std::move(cgroup), {knob, std::move(value)}};
  }
  static Op set_weight(std::string cgroup, int weight) {
    return set_knob(std::move(cgroup), Knob::kCpuWeight, std::to_string(weight));
  }
  static Op capture_cgroup_procs(std::string tag, std::string cgroup) {
    return op::CaptureCgroupProcs{std::move(tag), std::move(cgroup)};
  }
  static Op set_cpuset(std::string cgroup, CpusetSpec cpus) {
    return op::SetCpuset{std::move(cgroup), std::move(cpus)};
  }
  static Op clear_cpuset(std::string cgroup) { return op::ClearCpuset{std::move(cgroup)}; }
  static Op swap_cpusets(std::string a, std::string b) { return op::SwapCpusets{std::move(a), std::move(b)}; }
  static Op set_affinity(std::string cgroup, AffinityIntent affinity) {
    return op::SetAffinity{std::move(cgroup), std::move(affinity)};
  }
  static Op spawn_workers(std::string cgroup, WorkSpec work) { return op::Spawn{std::move(cgroup), std::move(work)}; }
  static Op spawn_host(WorkSpec work) { return op::Spawn{{}, std::move(work)}; }  // outside of the scenario's cgroups
  static Op set_nice(std::string cgroup, int nice) { return op::SetNice{std::move(cgroup), nice}; }
  static Op set_policy(std::string cgroup, SchedPolicy policy) { return op::SetPolicy{std::move(cgroup), policy}; }
  static Op set_uclamp(std::string cgroup, int min, int max) { return op::SetUclamp{std::move(cgroup), min, max}; }
  static Op core_sched_create(std::string cgroup) { return op::CoreSchedCreate{std::move(cgroup)}; }
  static Op core_sched_share(std::string from, std::string to) {
    return op::CoreSchedShare{std::move(from), std::move(to)};
  }
  static Op core_sched_clear(std::string cgroup) { return op::CoreSchedClear{std::move(cgroup)}; }
  static Op signal_storm(std::string cgroup, int count, std::chrono::nanoseconds interval) {
    return op::SignalStorm{std::move(cgroup), count, interval};
  }
  static Op run_payload(Payload payload, std::vector<std::string> args = {}) {
    return op::RunPayload{std::move(payload), std::move(args), {}};
  }
  static Op run_payload_in_cgroup(std::string cgroup, Payload payload, std::vector<std::string> args = {}) {
    return op::RunPayload{std::move(payload), std::move(args), std::move(cgroup)};
  }
  static Op wait_payload(std::string payload, std::optional<std::chrono::nanoseconds> timeout = {}) {
    return op::WaitPayload{std::move(payload), {}, timeout};
  }
  static Op wait_payload_in_cgroup(std::string cgroup, std::string payload,
                                   std::optional<std::chrono::nanoseconds> timeout = {}) {
    return op::WaitPayload{std::move(payload), std::move(cgroup), timeout};
  }
  static Op kill_payload(std::string payload) { return op::KillPayload{std::move(payload), {}}; }
  static Op kill_payload_in_cgroup(std::string cgroup, std::string payload) {
    return op::KillPayload{std::move(payload), std::move(cgroup)};
  }
  static Op cpu_offline(Cpu cpu) { return op::CpuOffline{cpu}; }
  static Op cpu_online(Cpu cpu) { return op::CpuOnline{cpu}; }
  static Op set_smt(bool on) { return op::SetSmt{on}; }
  static Op write_sysctl(std::string name, std::string value) {
    return op::WriteSysctl{std::move(name), std::move(value)};
  }
  static Op steer_irq(std::string irq, Cpu cpu) { return op::SteerIrq{std::move(irq), cpu}; }
  static Op set_cpu_speed(CpuSet cpus, int percent) { return op::SetCpuSpeed{std::move(cpus), percent}; }
  static Op attach_scheduler(std::string scheduler = {}) { return op::AttachScheduler{std::move(scheduler)}; }
  static Op detach_scheduler() { return op::DetachScheduler{}; }
  static Op restart_scheduler() { return op::RestartScheduler{}; }
  static Op replace_scheduler(std::string scheduler) { return op::ReplaceScheduler{std::move(scheduler)}; }

  const Kind& kind() const { return kind_; }
  std::string_view name() const;  // as scenario files spell it: "move_all_tasks"
  std::string describe() const;   // "move_all_tasks cg_0 -> cg_1"

 private:
  Kind kind_;
};

}  // namespace ktstr
