// SPDX-License-Identifier: Apache-2.0
#include "scenario/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/duration.h"
#include "base/splitmix.h"
#include "workload/work_types.h"

namespace ktstr {

namespace {

using Mistakes = std::vector<std::string>;

void check_holds(const std::vector<Step>& steps, Nanoseconds duration, Mistakes& mistakes) {
  if (duration.count() <= 0)
    mistakes.push_back(fmt::format("the duration {} cannot be; it is longer than 0s", format_duration(duration)));
  if (steps.empty()) mistakes.push_back("a scenario needs at least one step");
  for (std::size_t i = 0; i < steps.size(); ++i)
    if (const Status valid = steps[i].hold.validate(); !valid)
      mistakes.push_back(fmt::format("step {}: {}", i + 1, valid.error().message()));
  if (!mistakes.empty()) return;
  for (const std::size_t i : steps_without_time(steps, duration))
    mistakes.push_back(fmt::format("step {}: no time is left for it: the holds before it fill the scenario's {}", i + 1,
                                   format_duration(duration)));
}

PlannedCgroup plan_cgroup(const CgroupDef& def, const TestTopology& topology, std::uint64_t step_seed,
                          const std::string& where, Mistakes& mistakes) {
  PlannedCgroup cgroup{def.name(), def.work_specs(), {}, def.weight()};
  for (const WorkSpec& spec : def.work_specs())
    if (const Status possible = check_work_type(spec.type); !possible)
      mistakes.push_back(fmt::format("{}: cgroup '{}': {}", where, def.name(), possible.error().message()));
  if (!def.cpuset_spec()) return cgroup;
  auto cpus = def.cpuset_spec()->resolve(topology, splitmix64(step_seed ^ name_hash(def.name())));
  if (cpus)
    cgroup.cpuset = *std::move(cpus);
  else
    mistakes.push_back(fmt::format("{}: cgroup '{}': cpuset {}: {}", where, def.name(), def.cpuset_spec()->describe(),
                                   cpus.error().message()));
  return cgroup;
}

PlannedStep plan_step(const Step& step, std::size_t number, Nanoseconds duration, const TestTopology& topology,
                      std::uint64_t placement_seed, Mistakes& mistakes) {
  PlannedStep planned{step.name, {}, step.hold.validate() ? step.hold.length(duration) : Nanoseconds()};
  const std::string where = fmt::format("step {}", number);
  std::set<std::string> names;
  for (const CgroupDef& def : step.setup) {
    if (!names.insert(def.name()).second)
      mistakes.push_back(fmt::format("{}: two cgroups are named '{}'", where, def.name()));
    planned.cgroups.push_back(
        plan_cgroup(def, topology, splitmix64(splitmix64(placement_seed) ^ number), where, mistakes));
  }
  return planned;
}

std::vector<std::string> controllers_for(const std::vector<PlannedStep>& steps) {
  bool cpuset = false, cpu = false;
  for (const PlannedStep& step : steps)
    for (const PlannedCgroup& cgroup : step.cgroups) {
      cpuset |= cgroup.cpuset.has_value();
      cpu |= cgroup.weight.has_value();
    }
  std::vector<std::string> controllers;
  if (cpuset) controllers.emplace_back("cpuset");
  if (cpu) controllers.emplace_back("cpu");
  return controllers;
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

Result<ScenarioPlan> plan_scenario(const std::vector<Step>& steps, Nanoseconds duration, const TestTopology& topology,
                                   std::uint64_t placement_seed) {
  Mistakes mistakes;
  check_holds(steps, duration, mistakes);
  ScenarioPlan plan;
  for (std::size_t i = 0; i < steps.size(); ++i)
    plan.steps.push_back(plan_step(steps[i], i + 1, duration, topology, placement_seed, mistakes));
  if (!mistakes.empty()) return fail(ErrorCode::kInvalidArgument, "{}", fmt::join(mistakes, "\n"));
  plan.controllers = controllers_for(plan.steps);
  return plan;
}

}  // namespace ktstr
