// SPDX-License-Identifier: Apache-2.0
//
// A scenario made concrete before anything is touched: holds measured, names compared, cpusets resolved on the machine
// at hand. Whoever has a plan has a scenario without mistakes that could have been known beforehand.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ktstr/scenario.h"

namespace ktstr {

struct PlannedCgroup {
  std::string name;
  std::vector<WorkSpec> work;
  std::optional<CpuSet> cpuset;
  std::optional<int> weight;
};

struct PlannedStep {
  std::string name;
  std::vector<PlannedCgroup> cgroups;
  Nanoseconds hold{};
};

struct ScenarioPlan {
  std::vector<PlannedStep> steps;
  // The smallest set of controllers that the steps need, in the order "cpuset", "cpu".
  std::vector<std::string> controllers;
};

// The positions (from 0) of steps that would begin when the holds before them have used up `duration`. Holds are valid.
std::vector<std::size_t> steps_without_time(const std::vector<Step>& steps, Nanoseconds duration);

// All mistakes at once, one a line, each with its step (counted from 1), in one kInvalidArgument Error.
// `placement_seed` decides random cpusets.
Result<ScenarioPlan> plan_scenario(const std::vector<Step>& steps, Nanoseconds duration, const TestTopology& topology,
                                   std::uint64_t placement_seed);

}  // namespace ktstr
