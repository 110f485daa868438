// SPDX-License-Identifier: Apache-2.0
#include "scenario/ops/op_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text/duration.h"

namespace ktstr {

namespace {

constexpr std::string_view kCgroups = "cgroups", kCpus = "CPUs of cgroups and workers", kWorkers = "workers",
                           kPayloads = "payloads", kMachine = "the machine";
constexpr OpParameter kCgroup{"cgroup", "a cgroup's name"};

std::string place(const std::string& cgroup) { return cgroup.empty() ? "(outside)" : cgroup; }
std::string in_cgroup(const std::optional<std::string>& cgroup) { return cgroup ? " in " + place(*cgroup) : ""; }

// What stands behind an op's name in messages.
std::string about(const op::AddCgroup& o) { return o.cgroup; }
std::string about(const op::AddCgroupDef& o) { return o.def.name(); }
std::string about(const op::RemoveCgroup& o) { return o.cgroup; }
std::string about(const op::StopCgroup& o) { return o.cgroup; }
std::string about(const op::KillCgroup& o) { return o.cgroup; }
std::string about(const op::MoveAllTasks& o) { return fmt::format("{} -> {}", place(o.from), place(o.to)); }
std::string about(const op::FreezeCgroup& o) { return o.cgroup; }
std::string about(const op::UnfreezeCgroup& o) { return o.cgroup; }
std::string about(const op::SetKnob& o) {
  return fmt::format("{} {} = {}", o.cgroup, file_of(o.setting.knob), o.setting.value);
}
std::string about(const op::CaptureCgroupProcs& o) { return fmt::format("{} as '{}'", o.cgroup, o.tag); }
std::string about(const op::SetCpuset& o) { return fmt::format("{} {}", o.cgroup, o.cpus.describe()); }
std::string about(const op::ClearCpuset& o) { return o.cgroup; }
std::string about(const op::SwapCpusets& o) { return fmt::format("{} <-> {}", o.a, o.b); }
std::string about(const op::SetAffinity& o) { return fmt::format("{} {}", o.cgroup, o.affinity.describe()); }
std::string about(const op::Spawn& o) {
  return fmt::format("{} x {} in {}", o.work.workers, name_of(o.work.type), place(o.cgroup));
}
std::string about(const op::SetNice& o) { return fmt::format("{} {}", o.cgroup, o.nice); }
std::string about(const op::SetPolicy& o) { return fmt::format("{} {}", o.cgroup, o.policy.describe()); }
std::string about(const op::SetUclamp& o) { return fmt::format("{} {}..{}", o.cgroup, o.min, o.max); }
std::string about(const op::CoreSchedCreate& o) { return o.cgroup; }
std::string about(const op::CoreSchedShare& o) { return fmt::format("{} -> {}", o.from, o.to); }
std::string about(const op::CoreSchedClear& o) { return o.cgroup; }
std::string about(const op::SignalStorm& o) {
  return fmt::format("{} {} x {}", o.cgroup, o.count, format_duration(o.interval));
}
std::string about(const op::RunPayload& o) {
  return fmt::format("{} {}in {}", o.payload.name(), o.args.empty() ? "" : fmt::format("{} ", fmt::join(o.args, " ")),
                     place(o.cgroup));
}
std::string about(const op::WaitPayload& o) {
  return o.payload + in_cgroup(o.cgroup) + (o.timeout ? ", at most " + format_duration(*o.timeout) : "");
}
std::string about(const op::KillPayload& o) { return o.payload + in_cgroup(o.cgroup); }
std::string about(const op::CpuOffline& o) { return std::to_string(o.cpu); }
std::string about(const op::CpuOnline& o) { return std::to_string(o.cpu); }
std::string about(const op::SetSmt& o) { return o.on ? "on" : "off"; }
std::string about(const op::WriteSysctl& o) { return fmt::format("{} = {}", o.name, o.value); }
std::string about(const op::SteerIrq& o) { return fmt::format("{} -> CPU {}", o.irq, o.cpu); }
std::string about(const op::SetCpuSpeed& o) { return fmt::format("{} to {}%", o.cpus.to_string(), o.percent); }

}  // namespace

const std::array<OpRow, Op::kKinds>& op_table() {
  static const std::array<OpRow, Op::kKinds> rows = {{
      {"add_cgroup", kCgroups, "Creates an empty cgroup without limits.", {kCgroup}},
      {"add_cgroup_def",
       kCgroups,
       "Creates a cgroup with limits, workers and payload; its workers start at once.",
       {{"def", "a table as [[cgroup]] has it"}}},
      {"remove_cgroup",
       kCgroups,
       "Ends its workers (they are reported and checked), kills its payloads, removes it.",
       {kCgroup}},
      {"stop_cgroup", kCgroups, "As remove_cgroup, but the cgroup stays, empty.", {kCgroup}},
      {"kill_cgroup", kCgroups, "Has the kernel kill everything in it (cgroup.kill).", {kCgroup}},
      {"move_all_tasks",
       kCgroups,
       "Moves all workers of one cgroup into another; into one of the Backdrop, they outlive the step.",
       {{"from", "a cgroup's name, or \"\" for outside"}, {"to", "a cgroup's name, or \"\" for outside"}}},
      {"freeze_cgroup", kCgroups, "Freezes it (cgroup.freeze) and waits until it is frozen.", {kCgroup}},
      {"unfreeze_cgroup", kCgroups, "Thaws it.", {kCgroup}},
      {"set_knob",
       kCgroups,
       "Writes one limit and reads it back.",
       {kCgroup, {"knob", "the name of a knob"}, {"value", "as the key of that name in [[cgroup]] takes it"}}},
      {"capture_cgroup_procs",
       kCgroups,
       "Keeps its cgroup.procs in the result.",
       {kCgroup, {"tag", "a text to find it by"}}},
      {"set_cpuset", kCpus, "Writes cpuset.cpus.", {kCgroup, {"cpuset", "a cpuset"}}},
      {"clear_cpuset",
       kCpus,
       "Empties cpuset.cpus: the cgroup inherits. Linux 6.18 refuses that to one with tasks: it is given what it would "
       "inherit.",
       {kCgroup}},
      {"swap_cpusets",
       kCpus,
       "Gives each of two cgroups the other's cpuset.",
       {{"a", "a cgroup's name"}, {"b", "a cgroup's name"}}},
      {"set_affinity", kCpus, "Pins its workers with sched_setaffinity(2).", {kCgroup, {"affinity", "an affinity"}}},
      {"spawn",
       kWorkers,
       "Starts workers in a cgroup, or outside of the scenario's cgroups.",
       {{"cgroup", "a cgroup's name, or \"\" for outside"},
        {"work", "a work type, or a table as [[cgroup.work]] has it"}}},
      {"set_nice", kWorkers, "Changes the nice value of its workers.", {kCgroup, {"nice", "-20 to 19"}}},
      {"set_policy", kWorkers, "Changes the scheduling policy of its workers.", {kCgroup, {"policy", "a policy"}}},
      {"set_uclamp",
       kWorkers,
       "Clamps the utilisation of its workers (CONFIG_UCLAMP_TASK).",
       {kCgroup, {"min", "0 to 1024", false}, {"max", "0 to 1024", false}}},
      {"core_sched_create", kWorkers, "Gives its workers one new core scheduling cookie (needs SMT).", {kCgroup}},
      {"core_sched_share",
       kWorkers,
       "Gives the workers of a cgroup the cookie of another one's.",
       {{"from", "a cgroup's name"}, {"to", "a cgroup's name"}}},
      {"core_sched_clear", kWorkers, "Takes the cookie from its workers.", {kCgroup}},
      {"signal_storm",
       kWorkers,
       "Stops and continues its workers again and again (SIGSTOP, SIGCONT).",
       {kCgroup, {"count", "how often"}, {"interval", "a time like \"5ms\""}}},
      {"run_payload",
       kPayloads,
       "Starts a payload.",
       {{"payload", "the name of a [[payload]]"},
        {"cgroup", "a cgroup's name; default: outside", false},
        {"args", "texts, behind the payload's own", false}}},
      {"wait_payload",
       kPayloads,
       "Waits for a payload's end, takes its metrics and checks them.",
       {{"payload", "its name"}, {"cgroup", "where it runs, if in several", false}, {"timeout", "a time", false}}},
      {"kill_payload",
       kPayloads,
       "Kills a payload; its metrics are taken all the same.",
       {{"payload", "its name"}, {"cgroup", "where it runs, if in several", false}}},
      {"cpu_offline", kMachine, "Takes a CPU offline.", {{"cpu", "a CPU's number"}}},
      {"cpu_online", kMachine, "Takes a CPU online.", {{"cpu", "a CPU's number"}}},
      {"set_smt", kMachine, "Switches SMT on or off.", {{"on", "true or false"}}},
      {"write_sysctl",
       kMachine,
       "Writes a sysctl.",
       {{"name", "a name like \"kernel.sched_rt_runtime_us\""}, {"value", "a text or a number"}}},
      {"steer_irq",
       kMachine,
       "Sends an interrupt to one CPU.",
       {{"irq", "a number, or words of its line in /proc/interrupts"}, {"cpu", "a CPU's number"}}},
      {"set_cpu_speed",
       kMachine,
       "Makes CPUs slower, or as fast as they were: parts of their turns (det mode).",
       {{"cpus", "a list of CPUs like \"4-7\""}, {"percent", "1 to 100"}}},
  }};
  return rows;
}

std::vector<std::string_view> op_names() {
  std::vector<std::string_view> names;
  for (const OpRow& row : op_table()) names.push_back(row.name);
  return names;
}

std::vector<std::string_view> op_names(std::uint32_t mask) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < Op::kKinds; ++i)
    if ((mask >> i & 1) != 0) names.push_back(op_table()[i].name);
  return names;
}

std::string_view Op::name() const { return op_table()[kind_.index()].name; }

std::string Op::describe() const {
  return fmt::format("{} {}", name(), std::visit([](const auto& each) { return about(each); }, kind_));
}

}  // namespace ktstr
