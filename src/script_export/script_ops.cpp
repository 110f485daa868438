// SPDX-License-Identifier: Apache-2.0
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text/shell_words.h"
#include "script_export/script_writer.h"

namespace ktstr {

// One function an op; the default is what a shell cannot do.
struct OpInShell {
  ScriptWriter& to;
  const Op& whole;

  void operator()(const op::AddCgroup& op) const { to.make(op.cgroup); }
  void operator()(const op::AddCgroupDef& op) const {
    std::vector<std::string> mistakes;  // the rehearsal has refused them
    to.add_cgroups({plan_cgroup(op.def, *to.ctx_, placement_seed(*to.ctx_, to.number_, op.def.name()), mistakes)});
    to.line("release");
  }
  void operator()(const op::RemoveCgroup& op) const { to.line("remove_group " + to.in(op.cgroup)); }
  void operator()(const op::StopCgroup& op) const { stop(op.cgroup); }
  void operator()(const op::KillCgroup& op) const { stop(op.cgroup); }
  void operator()(const op::MoveAllTasks& op) const {
    if (op.from.empty() || op.to.empty()) to.line("place_outside");
    to.line(fmt::format("move_all {} {}", to.in(op.from), to.in(op.to)));
    to.groups_[op.to].workers += std::exchange(to.groups_[op.from].workers, 0);
  }
  void operator()(const op::FreezeCgroup& op) const { put(op.cgroup, "cgroup.freeze", "1"); }
  void operator()(const op::UnfreezeCgroup& op) const { put(op.cgroup, "cgroup.freeze", "0"); }
  void operator()(const op::SetKnob& op) const { put(op.cgroup, file_of(op.setting.knob), op.setting.value); }
  void operator()(const op::SetCpuset& op) const {
    const auto cpus = op.cpus.resolve(to.ctx_->topology(), placement_seed(*to.ctx_, to.number_, op.cgroup));
    if (!cpus) return;
    put(op.cgroup, "cpuset.cpus", cpus->to_string());
    to.groups_[op.cgroup].cpuset = *cpus;
    to.cpus_ = to.cpus_.union_with(*cpus);
  }
  void operator()(const op::ClearCpuset& op) const {
    to.line("clear_cpuset " + to.in(op.cgroup));
    to.groups_[op.cgroup].cpuset = {};
  }
  void operator()(const op::SwapCpusets& op) const {
    to.line(fmt::format("swap_cpusets {} {}", to.in(op.a), to.in(op.b)));
    std::swap(to.groups_[op.a].cpuset, to.groups_[op.b].cpuset);
  }
  void operator()(const op::SetAffinity& op) const {
    const auto& group = to.groups_[op.cgroup];
    auto all = to.masks(op.affinity, group.cpuset, {}, std::max(1, group.workers));
    if (all.empty()) all.push_back(to.ctx_->topology().cpus.to_string());
    to.line(fmt::format("pin_all {} {}", to.in(op.cgroup), fmt::join(all, " ")));
  }
  void operator()(const op::Spawn& op) const {
    if (op.cgroup.empty()) to.line("place_outside");
    std::vector<std::string> mistakes;
    to.spawn(op.cgroup, {plan_work(op.work, *to.ctx_, to.groups_[op.cgroup].cpuset, mistakes)});
    to.line("release");
  }
  void operator()(const op::SetNice& op) const { to.line(fmt::format("renice_all {} {}", to.in(op.cgroup), op.nice)); }
  void operator()(const op::SetPolicy& op) const {
    to.line(fmt::format("set_policy {} {}", to.in(op.cgroup), ScriptWriter::chrt_words(op.policy)));
  }
  void operator()(const op::SetUclamp& op) const {
    to.line(fmt::format("set_clamps {} {} {}", to.in(op.cgroup), op.min, op.max));
  }
  void operator()(const op::SignalStorm& op) const {
    to.line(fmt::format("signal_storm {} {} {}", to.in(op.cgroup), op.count, op.interval.count() / 1000));
  }
  void operator()(const op::RunPayload& op) const { to.start(op.payload, op.args, op.cgroup); }
  void operator()(const op::WaitPayload& op) const {
    to.line(fmt::format("wait_payload {} {}", shell_quote(op.payload),
                        op.timeout ? std::max<std::int64_t>(1, op.timeout->count() / 1000) : 0));
  }
  void operator()(const op::KillPayload& op) const { to.line("end_payload " + shell_quote(op.payload)); }
  void operator()(const op::CpuOffline& op) const { switch_cpu(op.cpu, "0"); }
  void operator()(const op::CpuOnline& op) const { switch_cpu(op.cpu, "1"); }
  void operator()(const op::SetSmt& op) const {
    to.line(fmt::format("change /sys/devices/system/cpu/smt/control {}", op.on ? "on" : "off"));
  }
  void operator()(const op::WriteSysctl& op) const {
    std::string file = op.name;
    std::replace(file.begin(), file.end(), '.', '/');
    to.line(fmt::format("change_sysctl {} {}", shell_quote("/proc/sys/" + file), shell_quote(op.value)));
  }
  void operator()(const op::SteerIrq& op) const {
    if (op.irq.empty() || op.irq.find_first_not_of("0123456789") != std::string::npos) return miss();
    to.line(fmt::format("change /proc/irq/{}/smp_affinity_list {}", op.irq, op.cpu));
    to.cpus_ = to.cpus_.union_with(CpuSet({op.cpu}));
  }
  void operator()(const op::DetachScheduler&) const {
    if (to.scheduler_.empty()) return miss();
    to.line("stop_scheduler");
  }
  void operator()(const op::RestartScheduler&) const {
    if (to.scheduler_.empty()) return miss();
    to.line("((with_scheduler == 0)) || { stop_scheduler && start_scheduler \"${scheduler[@]}\"; }");
  }
  void operator()(const auto&) const { miss(); }

  void miss() const { to.miss(whole.describe()); }
  void stop(const std::string& cgroup) const {
    to.line("empty_group " + to.in(cgroup));
    to.groups_[cgroup].workers = 0;
  }
  void put(const std::string& cgroup, std::string_view file, const std::string& value) const {
    to.line(fmt::format("put {} {} {}", to.in(cgroup), file, shell_quote(value)));
  }
  void switch_cpu(Cpu cpu, std::string_view on) const {
    to.line(fmt::format("change /sys/devices/system/cpu/cpu{}/online {}", cpu, on));
    to.cpus_ = to.cpus_.union_with(CpuSet({cpu}));
  }
};

void ScriptWriter::add(const Op& op) { std::visit(OpInShell{*this, op}, op.kind()); }

}  // namespace ktstr
