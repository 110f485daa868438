// SPDX-License-Identifier: Apache-2.0
//
// What the kernel grants SCHED_DEADLINE tasks as long as nobody changes its limits (kernel/sched/deadline.c): periods
// from 100 us to 4.19 s, and 95% of all CPUs together.
#pragma once

#include <vector>

#include "scenario/plan/plan.h"

namespace ktstr {

// A limit that an op of the scenario writes (write_sysctl) is not asked for. `cpus`: how many there are.
std::vector<PlanMistake> check_deadlines(const ScenarioPlan& plan, int cpus);

}  // namespace ktstr
