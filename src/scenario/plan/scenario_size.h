// SPDX-License-Identifier: Apache-2.0
//
// How much a scenario has at one time, and what no guest can hold. What is refused here could not have run: whoever
// stays below may still find the memory too small.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "scenario/plan/plan.h"

namespace ktstr {

// In the step that has most of them, with the Backdrop's. What ops make is left out of a step that removes things too.
struct ScenarioSize {
  std::int64_t tasks = 0;      // workers and payloads
  std::int64_t processes = 0;  // the same, but threads of one process (pcomm) are one
  std::int64_t cgroups = 0;
};
ScenarioSize size_of(const Ctx& ctx, const ScenarioPlan& plan);

// kInvalidArgument with the figures and the ways out. `memory`: the guest's.
Status check_size(const ScenarioSize& size, Bytes memory, int cpus);

}  // namespace ktstr
