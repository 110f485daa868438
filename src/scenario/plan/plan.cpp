// SPDX-License-Identifier: Apache-2.0
#include "scenario/plan/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/splitmix.h"
#include "base/text/duration.h"
#include "base/text/error_line.h"
#include "scenario/ops/op_table.h"
#include "scenario/plan/controller_needs.h"
#include "scenario/plan/deadline_rules.h"
#include "scenario/plan/definition_rules.h"
#include "scenario/plan/rehearsal.h"
#include "workload/types/work_types.h"
#include "workload/worker_plan.h"

namespace ktstr {

// What is none is refused by plan_scenario().
std::optional<WorkType> Ctx::work_type_override() const {
  if (init_.settings.work_type.empty()) return {};
  const auto type = work_type_from(init_.settings.work_type);
  return type ? std::optional(*type) : std::nullopt;
}

namespace {

using Messages = std::vector<std::string>;

void note(Messages& mistakes, const Status& status) {
  if (!status) mistakes.push_back(in_one_line(status.error()));
}

void check_holds(const std::vector<Step>& steps, Nanoseconds duration, std::vector<PlanMistake>& mistakes) {
  if (duration.count() <= 0)
    mistakes.push_back(
        {{}, fmt::format("a duration of {} is not valid; accepted: longer than 0s", format_duration(duration))});
  if (steps.empty()) mistakes.push_back({{}, "a scenario needs at least one step"});
  for (std::size_t i = 0; i < steps.size(); ++i)
    if (const Status valid = steps[i].hold.validate(); !valid)
      mistakes.push_back({{static_cast<int>(i) + 1, Place::Part::kHold, 0}, valid.error().message()});
  if (!mistakes.empty()) return;
  for (const std::size_t i : steps_without_time(steps, duration))
    mistakes.push_back({{static_cast<int>(i) + 1, Place::Part::kHold, 0},
                        fmt::format("no time is left for this step: the holds before it take all of the scenario's {}; "
                                    "make them shorter, or the duration longer",
                                    format_duration(duration))});
}

std::vector<PlannedCgroup> plan_cgroups(const std::vector<CgroupDef>& defs, int number, const Ctx& ctx,
                                        std::vector<PlanMistake>& mistakes) {
  std::vector<PlannedCgroup> planned;
  for (std::size_t i = 0; i < defs.size(); ++i) {
    Messages messages;
    planned.push_back(plan_cgroup(defs[i], ctx, placement_seed(ctx, number, defs[i].name()), messages));
    for (std::string& message : messages)
      mistakes.push_back({{number, Place::Part::kCgroup, static_cast<int>(i)}, std::move(message)});
  }
  return planned;
}

PlannedStep plan_backdrop(const Backdrop& backdrop, const Ctx& ctx, std::vector<PlanMistake>& mistakes) {
  return {.name = "", .cgroups = plan_cgroups(backdrop.cgroups, 0, ctx, mistakes), .ops = backdrop.ops};
}

PlannedStep plan_step(const Step& step, int number, const Ctx& ctx, std::vector<PlanMistake>& mistakes) {
  PlannedStep planned{
      .name = step.name, .cgroups = plan_cgroups(step.setup.resolve(ctx), number, ctx, mistakes), .ops = step.ops};
  if (!step.hold.validate()) return planned;
  planned.hold = step.hold.length(ctx.duration());
  planned.interval = step.hold.interval();
  return planned;
}

void add_needs(const PlannedStep& step, ControllerNeeds& needs) {
  for (const PlannedCgroup& cgroup : step.cgroups) {
    if (cgroup.cpuset) needs.add(cgroup.name, "cpuset");
    for (const KnobSetting& setting : cgroup.knobs) needs.add(cgroup.name, controller_of(setting.knob));
    for (const WorkSpec& work : cgroup.work)
      for (const std::string_view controller : work_controllers(work.type)) needs.add(cgroup.name, controller);
  }
  for (const Op& op : step.ops) {
    if (const OpRow& row = row_of(op); row.controllers) row.controllers(op, needs);
    if (const auto* spawn = std::get_if<op::Spawn>(&op.kind()))
      for (const std::string_view controller : work_controllers(spawn->work.type)) needs.add(spawn->cgroup, controller);
  }
}

std::string describe(const Place& at) {
  const std::string step = at.step == 0 ? "Backdrop" : fmt::format("step {}", at.step);
  switch (at.part) {
    case Place::Part::kScenario:
      return "";
    case Place::Part::kHold:
      return step + ": ";
    case Place::Part::kCgroup:
      return step + ": ";
    case Place::Part::kOp:
      return fmt::format("{}, op {}: ", step, at.index + 1);
    case Place::Part::kPayload:
      return fmt::format("{}, payload {}: ", step, at.index + 1);
  }
  return "";
}

}  // namespace

// Such a step would start workers and stop them at once: the checks would blame the scheduler for workers that did
// nothing.
std::vector<std::size_t> steps_without_time(const std::vector<Step>& steps, Nanoseconds duration) {
  std::vector<std::size_t> positions;
  Nanoseconds left = duration;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Nanoseconds hold = steps[i].hold.length(duration);
    if (hold.count() > 0 && left.count() <= 0) positions.push_back(i);
    left -= std::min(hold, left);
  }
  return positions;
}

std::uint64_t placement_seed(const Ctx& ctx, int number, std::string_view name) {
  const std::uint64_t of_step =
      splitmix64(splitmix64(ctx.seed_for(Vary::kPlacement)) ^ static_cast<std::uint64_t>(number));
  return splitmix64(of_step ^ name_hash(name));
}

WorkSpec plan_work(const WorkSpec& spec, const Ctx& ctx, const CpuSet& cpuset, Messages& mistakes) {
  WorkSpec planned = spec;
  note(mistakes, check_work_spec(spec));
  const CpuSet& cpus = cpuset.empty() ? ctx.topology().usable_cpus() : cpuset;
  if (spec.workers_pct && check_workers_pct(*spec.workers_pct)) {
    const double count = std::ceil(static_cast<double>(cpus.size()) * *spec.workers_pct);
    planned.workers = static_cast<int>(std::min(count, double{std::numeric_limits<int>::max()}));
    planned.workers_pct.reset();
    note(mistakes, check_workers(planned.workers)
                       .context(fmt::format("workers_pct {} of {} CPUs", *spec.workers_pct, cpus.size())));
  }
  if (check_work_spec(planned)) note(mistakes, check_group_size(planned.type, planned.workers));
  note(mistakes, spec.mem_policy.check(ctx.topology(), cpuset));
  if (spec.affinity.validate())
    if (const auto resolved = spec.affinity.resolve(ctx.topology(), cpuset, 0, 0); !resolved)
      note(mistakes, Status(resolved.error()).context(fmt::format("affinity {}", spec.affinity.describe())));
  if (const CpuSet nodes = ctx.topology().node_ids(); spec.numa_node && !nodes.contains(*spec.numa_node))
    mistakes.push_back(fmt::format("there is no NUMA node {}: the machine has {}", *spec.numa_node, nodes.to_string()));
  return planned;
}

std::vector<std::vector<std::size_t>> spawned_together(const std::vector<WorkSpec>& work) {
  std::vector<std::vector<std::size_t>> together;
  for (std::size_t i = 0; i < work.size(); ++i) {
    const auto joined = std::find_if(together.begin(), together.end(), [&](const auto& positions) {
      return work[i].pcomm && work[positions.front()].pcomm == work[i].pcomm;
    });
    if (joined != together.end())
      joined->push_back(i);
    else
      together.push_back({i});
  }
  return together;
}

PlannedCgroup plan_cgroup(const CgroupDef& def, const Ctx& ctx, std::uint64_t seed, Messages& mistakes) {
  PlannedCgroup cgroup{.name = def.name(), .knobs = def.knobs(), .payload = def.payload(), .share = def.share_judged()};
  Messages own;
  if (def.cpuset_spec()) {
    auto cpus = def.cpuset_spec()->resolve(ctx.topology(), seed);
    if (cpus)
      cgroup.cpuset = *std::move(cpus);
    else
      own.push_back(fmt::format("cpuset {}: {}", def.cpuset_spec()->describe(), cpus.error().message()));
  }
  std::vector<WorkSpec> work = def.merged_work();
  if (def.is_swappable())
    for (WorkSpec& spec : work) spec.type = ctx.work_type_override().value_or(spec.type);
  if (!work.empty() && !def.workers_said())
    work.front().workers = fitting_workers(work.front().type, ctx.workers_per_cgroup());
  for (const WorkSpec& spec : work) cgroup.work.push_back(plan_work(spec, ctx, cgroup.cpuset.value_or(CpuSet()), own));
  for (const auto& positions : spawned_together(cgroup.work)) {
    std::vector<const WorkSpec*> specs;
    for (const std::size_t i : positions) specs.push_back(&cgroup.work[i]);
    note(own, check_one_process(specs));
  }
  const auto quota = std::find_if(cgroup.knobs.begin(), cgroup.knobs.end(),
                                  [](const KnobSetting& each) { return each.knob == Knob::kCpuMax; });
  const bool bursts = std::any_of(cgroup.knobs.begin(), cgroup.knobs.end(), [](const KnobSetting& each) {
    return each.knob == Knob::kCpuMaxBurst && each.value != "0";
  });
  if (bursts && (quota == cgroup.knobs.end() || quota->value.starts_with("max")))
    own.push_back("cpu_burst without a CPU quota has nothing to burst above; set cpu_quota too");
  for (std::string& message : own) mistakes.push_back(fmt::format("cgroup '{}': {}", def.name(), message));
  return cgroup;
}

std::vector<PlanMistake> plan_scenario(const Ctx& ctx, const Backdrop& backdrop, const std::vector<Step>& steps,
                                       ScenarioPlan& plan) {
  std::vector<PlanMistake> mistakes;
  check_holds(steps, ctx.duration(), mistakes);
  const std::string& type = ctx.settings().work_type;
  if (const auto read = work_type_from(type); !type.empty() && !read)
    mistakes.push_back({{}, in_one_line(read.error())});
  plan.backdrop = plan_backdrop(backdrop, ctx, mistakes);
  plan.backdrop_payloads = backdrop.payloads;
  for (std::size_t i = 0; i < steps.size(); ++i)
    plan.steps.push_back(plan_step(steps[i], static_cast<int>(i) + 1, ctx, mistakes));
  for (PlanMistake& mistake : rehearse(ctx, plan)) mistakes.push_back(std::move(mistake));
  const int cpus = static_cast<int>(ctx.topology().usable_cpus().size());
  for (PlanMistake& mistake : check_deadlines(plan, cpus)) mistakes.push_back(std::move(mistake));
  std::stable_sort(mistakes.begin(), mistakes.end(),
                   [](const PlanMistake& a, const PlanMistake& b) { return a.at < b.at; });
  ControllerNeeds needs;
  add_needs(plan.backdrop, needs);
  for (const PlannedStep& step : plan.steps) add_needs(step, needs);
  plan.controllers = needs.in_order();
  return mistakes;
}

std::string describe(const std::vector<PlanMistake>& mistakes) {
  std::string text;
  for (const PlanMistake& mistake : mistakes)
    text += fmt::format("{}{}{}", text.empty() ? "" : "\n", describe(mistake.at), mistake.message);
  return text;
}

}  // namespace ktstr
