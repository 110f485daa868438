// SPDX-License-Identifier: Apache-2.0
//
// The executor: runs a planned scenario step by step. A step is set up, released, held and torn down by its StepScope;
// the loop around it watches the scheduler, writes the marks and decides whether there is a next step. execute_steps()
// and its relatives in ktstr/scenario.h are this with the real hooks.
#pragma once

#include "ktstr/scenario.h"
#include "scenario/executor_hooks.h"

namespace ktstr {

// See execute_steps_with(). kInvalidArgument with all mistakes of the scenario before anything is touched.
Result<AssertResult> run_scenario(Ctx& ctx, const std::vector<Step>& steps, const Checks& checks,
                                  const ExecutorHooks& hooks);

}  // namespace ktstr
