// SPDX-License-Identifier: Apache-2.0
#include "script_export/script_writer.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/text/printable.h"
#include "base/text/shell_words.h"
#include "script_export/script_work.h"

namespace ktstr {

namespace {

std::int64_t in_us(std::chrono::nanoseconds time) { return time.count() / 1000; }

}  // namespace

std::string in_a_comment(std::string_view text) {
  std::string line = escaped(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

void ScriptWriter::miss(std::string what) {
  if (number_ > 0) what = fmt::format("step {}: {}", number_, what);
  what = in_a_comment(what);
  if (std::find(not_expressed_.begin(), not_expressed_.end(), what) == not_expressed_.end())
    not_expressed_.push_back(std::move(what));
}

std::string ScriptWriter::in(const std::string& cgroup) const {
  return cgroup.empty() ? "\"$outside\"" : shell_quote(cgroup);
}

void ScriptWriter::make(const std::string& cgroup) {
  line("make_group " + shell_quote(cgroup));
  groups_[cgroup] = {};
  if (const auto needed = plan_->controllers.find(cgroup); needed != plan_->controllers.end())
    line(fmt::format("enable_in {} {}", shell_quote(cgroup), fmt::join(needed->second, " ")));
}

void ScriptWriter::create(const PlannedCgroup& cgroup) {
  make(cgroup.name);
  if (cgroup.cpuset) {
    line(fmt::format("put {} cpuset.cpus {}", shell_quote(cgroup.name), cgroup.cpuset->to_string()));
    groups_[cgroup.name].cpuset = *cgroup.cpuset;
    cpus_ = cpus_.union_with(*cgroup.cpuset);
  }
  for (const KnobSetting& each : cgroup.knobs)
    line(fmt::format("put {} {} {}", shell_quote(cgroup.name), file_of(each.knob), shell_quote(each.value)));
}

void ScriptWriter::add_cgroups(const std::vector<PlannedCgroup>& cgroups) {
  for (const PlannedCgroup& each : cgroups) create(each);
  for (const PlannedCgroup& each : cgroups) {
    spawn(each.name, each.work);
    if (each.payload) start(*each.payload, {}, each.name);
  }
}

std::vector<std::string> ScriptWriter::masks(const AffinityIntent& affinity, const CpuSet& cpuset, const CpuSet& within,
                                             int count) {
  std::vector<std::string> all;
  for (int i = 0; i < count; ++i) {
    const auto resolved = affinity.resolve(ctx_->topology(), cpuset, i, placement_seed(*ctx_, number_, "affinity"));
    if (!resolved) return {};  // the rehearsal has refused it
    CpuSet cpus = resolved->value_or(CpuSet());
    const CpuSet both = cpus.intersection(within);
    if (cpus.empty()) cpus = within;
    if (!both.empty()) cpus = both;
    if (cpus.empty()) return {};
    cpus_ = cpus_.union_with(cpus);
    all.push_back(cpus.to_string());
  }
  if (std::adjacent_find(all.begin(), all.end(), std::not_equal_to<>()) == all.end() && !all.empty()) all.resize(1);
  return all;
}

// The words of chrt.
std::string ScriptWriter::chrt_words(const SchedPolicy& policy) {
  switch (policy.kind) {
    case SchedPolicy::Kind::kNormal:
      return "--other 0";
    case SchedPolicy::Kind::kBatch:
      return "--batch 0";
    case SchedPolicy::Kind::kIdle:
      return "--idle 0";
    case SchedPolicy::Kind::kFifo:
      return fmt::format("--fifo {}", policy.priority);
    case SchedPolicy::Kind::kRr:
      return fmt::format("--rr {}", policy.priority);
    case SchedPolicy::Kind::kDeadline:
      return fmt::format("--sched-runtime {} --sched-deadline {} --sched-period {} --deadline 0",
                         policy.runtime.count(), policy.deadline.count(), policy.period.count());
    case SchedPolicy::Kind::kExt:
      return "--ext 0";  // util-linux 2.41
  }
  return "";
}

std::string ScriptWriter::attributes(const std::string& cgroup, const WorkSpec& work, int count) {
  std::string words;
  const auto add_word = [&](std::string_view name, const std::string& value) {
    words += " " + shell_quote(fmt::format("{}={}", name, value));
  };
  if (work.nice) add_word("nice", std::to_string(*work.nice));
  if (!(work.policy == SchedPolicy::normal())) add_word("policy", chrt_words(work.policy));
  if (work.policy.kind == SchedPolicy::Kind::kExt)
    miss(fmt::format("{}: policy ext needs the chrt of util-linux 2.41", cgroup));
  const CpuSet node = work.numa_node ? ctx_->topology().node_cpus(*work.numa_node) : CpuSet();
  if (!work.affinity.inherits() || !node.empty())
    if (const auto all = masks(work.affinity, groups_[cgroup].cpuset, node, count); !all.empty())
      add_word("cpus", fmt::format("{}", fmt::join(all, ";")));
  if (work.uclamp_min || work.uclamp_max)
    add_word("clamps", fmt::format("{}:{}", work.uclamp_min.value_or(0), work.uclamp_max.value_or(1024)));
  if (work.timer_slack) add_word("slack", std::to_string(work.timer_slack->count()));
  if (work.comm) add_word("comm", *work.comm);
  if (work.pcomm) miss(fmt::format("{}: its workers are processes, not threads of one '{}'", cgroup, *work.pcomm));
  if (work.uid || work.gid) miss(fmt::format("{}: its workers run as root, not as another user", cgroup));
  if (work.slice) miss(fmt::format("{}: the slice that its workers ask for", cgroup));
  if (work.numa_node || !(work.mem_policy == MemPolicy()))
    miss(fmt::format("{}: from which NUMA nodes its workers take memory", cgroup));
  return words;
}

void ScriptWriter::spawn(const std::string& cgroup, const std::vector<WorkSpec>& specs) {
  const std::string shown = cgroup.empty() ? "workers outside of the cgroups" : cgroup;
  for (const WorkSpec& work : specs) {
    const ScriptWork made = script_work(work.type);
    const int count = std::max(1, work.workers / made.workers_each);
    if (!made.otherwise.empty()) miss(fmt::format("{}: {}: {}", shown, name_of(work.type), made.otherwise));
    line(fmt::format("spawn {} {}{} -- {}", in(cgroup), count, attributes(cgroup, work, count), made.command));
    if (work.comm && made.command.starts_with("work_stress"))
      miss(fmt::format("{}: the name '{}' of its workers: stress-ng gives its processes names of its own", shown,
                       *work.comm));
    groups_[cgroup].workers += count;
  }
}

void ScriptWriter::start(const Payload& payload, const std::vector<std::string>& args, const std::string& cgroup) {
  std::vector<std::string> words = {payload.program_name()};
  words.insert(words.end(), payload.default_args().begin(), payload.default_args().end());
  words.insert(words.end(), args.begin(), args.end());
  if (cgroup.empty()) line("place_outside");
  line(fmt::format("run_payload {} {} {}", shell_quote(payload.name()), in(cgroup), shell_join(words)));
  if (!payload.checks().empty() || !payload.metrics().empty())
    miss(fmt::format("payload {}: its metrics and checks", payload.name()));
}

void ScriptWriter::add_step(const PlannedStep& step, int number) {
  number_ = number;
  const std::string name = step.name.empty() ? "" : ": " + step.name;
  lines_ += "\n";
  line("begin_step " + shell_quote(fmt::format("step {}{}", number, in_a_comment(name))));
  if (!step.interval) {
    for (const Op& op : step.ops) add(op);
    add_cgroups(step.cgroups);
    line(fmt::format("hold {}", in_us(step.hold)));
  } else {
    add_cgroups(step.cgroups);
    line("while ! is_over; do");
    indent_ = "  ";
    for (const Op& op : step.ops) add(op);
    line(fmt::format("hold {}", in_us(*step.interval)));
    indent_ = "";
    line("done");
  }
  line("end_step");
}

void ScriptWriter::add(const Ctx& ctx, const ScenarioPlan& plan) {
  ctx_ = &ctx;
  plan_ = &plan;
  number_ = 0;
  groups_.clear();
  if (plan.steps.empty()) return;
  lines_ += "\n";
  line(fmt::format("duration={} end=''", in_us(ctx.duration())));
  std::vector<std::string> controllers;
  if (const auto root = plan.controllers.find(""); root != plan.controllers.end()) controllers = root->second;
  line(fmt::format("make_base{}{}", controllers.empty() ? "" : " ", fmt::join(controllers, " ")));
  if (!controllers.empty()) line(fmt::format("enable_in . {}", fmt::join(controllers, " ")));
  if (!scheduler_.empty()) line("((with_scheduler == 0)) || start_scheduler \"${scheduler[@]}\"");
  add_cgroups(plan.backdrop.cgroups);
  if (!plan.backdrop.cgroups.empty()) line("release");
  for (const Op& op : plan.backdrop.ops) add(op);
  for (const Payload& payload : plan.backdrop_payloads) start(payload, {}, "");
  for (std::size_t i = 0; i < plan.steps.size(); ++i) add_step(plan.steps[i], static_cast<int>(i) + 1);
  number_ = 0;
  line("clean_up");
}

}  // namespace ktstr
