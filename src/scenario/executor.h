// SPDX-License-Identifier: Apache-2.0
//
// The executor: runs a planned scenario, the Backdrop first, then step by step. What a step does to the system goes
// through the World (world.h); the loop here watches the scheduler, writes the marks and decides whether there is a
// next step. execute_scenario() and its relatives in ktstr/scenario.h are this with the real hooks.
#pragma once

#include "ktstr/scenario.h"
#include "scenario/executor_hooks.h"

namespace ktstr {

// See execute_scenario_with(). kInvalidArgument with all mistakes of the scenario before anything is touched.
Result<AssertResult> run_scenario(Ctx& ctx, const Backdrop& backdrop, const std::vector<Step>& steps,
                                  const Checks& checks, const ExecutorHooks& hooks);

}  // namespace ktstr
