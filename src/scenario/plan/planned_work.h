// SPDX-License-Identifier: Apache-2.0
//
// All that the workers of a scenario do, those that ops start among them, and what that asks of the machine.
#pragma once

#include <string>
#include <vector>

#include "scenario/plan/plan.h"

namespace ktstr {

std::vector<WorkType> planned_work(const Ctx& ctx, const ScenarioPlan& plan);

// Modules that a guest's kernel needs for it, each once.
std::vector<std::string> needed_modules(const Ctx& ctx, const ScenarioPlan& plan);

// What takes a moment and would disturb who runs already, as loading modules. kUnsupported in host mode for what needs
// a guest, and where the machine lacks something.
Status make_machine_ready(const Ctx& ctx, const ScenarioPlan& plan);

}  // namespace ktstr
