// SPDX-License-Identifier: Apache-2.0
//
// Going through a planned scenario with nothing but names: which cgroups, workers and payloads there are at each op. It
// finds what could only fail later, or do nothing: an op on a cgroup that nobody creates, or that the same step's
// set-up creates only after the op; a name used twice; a wait for a payload that nobody started; CPUs that are not
// there.
#pragma once

#include <vector>

#include "scenario/plan/plan.h"

namespace ktstr {

// The ops of a loop are gone through twice: what the first round leaves, the second one meets.
std::vector<PlanMistake> rehearse(const Ctx& ctx, const ScenarioPlan& plan);

}  // namespace ktstr
