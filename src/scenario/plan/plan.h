// SPDX-License-Identifier: Apache-2.0
//
// A scenario made concrete before anything is touched: factories called, holds measured, cpusets and workers counted on
// the machine at hand. Then it is rehearsed (rehearsal.h): gone through from the first op to the last with nothing but
// names. So a plan has no mistake that can be found without running it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ktstr/scenario.h"

namespace ktstr {

// Where in a scenario something stands; scenario files know the line.
struct Place {
  enum class Part { kScenario, kHold, kCgroup, kOp, kPayload };
  int step = 0;  // from 1; 0 is the Backdrop, or the scenario as a whole
  Part part = Part::kScenario;
  int index = 0;  // from 0, among the cgroups, ops or payloads of the step
  friend auto operator<=>(const Place&, const Place&) = default;
};

struct PlanMistake {
  Place at;
  std::string message;
};

struct PlannedCgroup {
  std::string name;
  std::vector<WorkSpec> work;  // merged with the group's defaults; `workers` is the number, workers_pct is gone
  std::optional<CpuSet> cpuset;
  std::vector<KnobSetting> knobs;
  std::optional<Payload> payload;
  std::optional<bool> share;  // CgroupDef::share_judged()

  bool has_processes() const { return !work.empty() || payload.has_value(); }
};

struct PlannedStep {
  std::string name;
  std::vector<PlannedCgroup> cgroups;
  std::vector<Op> ops;
  Nanoseconds hold{};
  std::optional<Nanoseconds> interval;  // of a loop
};

struct ScenarioPlan {
  PlannedStep backdrop;
  std::vector<Payload> backdrop_payloads;
  std::vector<PlannedStep> steps;
  // The smallest sets of controllers that are needed, by the group for whose children they are enabled: "" is the root.
  // In the order cpuset, cpu, memory, io, pids.
  std::map<std::string, std::vector<std::string>> controllers;
};

// The positions (from 0) of steps that would begin when the holds before them have used up `duration`. Holds are valid.
std::vector<std::size_t> steps_without_time(const std::vector<Step>& steps, Nanoseconds duration);

// A definition on this machine, mistakes as text. `seed` decides random cpusets; a group that does not say how many
// workers it has gets Ctx::workers_per_cgroup(), or as many more as its work type needs.
PlannedCgroup plan_cgroup(const CgroupDef& def, const Ctx& ctx, std::uint64_t seed, std::vector<std::string>& mistakes);
// The same for what an op spawns into a group with this cpuset (empty: all CPUs).
WorkSpec plan_work(const WorkSpec& spec, const Ctx& ctx, const CpuSet& cpuset, std::vector<std::string>& mistakes);
// The positions in `work` of what is spawned together: each group of processes by itself, and all groups whose workers
// are threads of one process, in place of the first of them.
std::vector<std::vector<std::size_t>> spawned_together(const std::vector<WorkSpec>& work);
// Of everything random in op or definition `index` of step `number`.
std::uint64_t placement_seed(const Ctx& ctx, int number, std::string_view name);

// All mistakes, in the order of the scenario; `plan` is of use only without any.
std::vector<PlanMistake> plan_scenario(const Ctx& ctx, const Backdrop& backdrop, const std::vector<Step>& steps,
                                       ScenarioPlan& plan);
// "step 2, op 3: message", one a line.
std::string describe(const std::vector<PlanMistake>& mistakes);

}  // namespace ktstr
