// SPDX-License-Identifier: Apache-2.0
//
// What a scenario is, as a short text: the same for the same scenario on the same machine with the same seed, however
// it was written down. A C++ test and a scenario file that mean the same have the same fingerprint; their event streams
// differ, since a test's body is another program than the agent's.
#pragma once

#include <string>

#include "scenario/plan/plan.h"

namespace ktstr {

// 16 hexadecimal digits.
std::string fingerprint(const Ctx& ctx, const ScenarioPlan& plan);

}  // namespace ktstr
