// SPDX-License-Identifier: Apache-2.0
//
// The table of canned scenarios (ktstr/scenarios.h): by name, for `ktstr scenarios` and `ktstr run :NAME`. To add one:
// a function in the file of its family (canned_*.cpp), its declaration there, a row here.
#pragma once

#include <span>
#include <string_view>

#include "ktstr/scenarios.h"
#include "workload/task/core_sched.h"

namespace ktstr {

struct CannedScenario {
  std::string_view name;
  std::string_view what;      // one line for lists
  std::string_view topology;  // on which it says most and does not skip, as Topology::parse() takes it
  Result<AssertResult> (*run)(Ctx& ctx);
};

// In the order in which they are listed.
std::span<const CannedScenario> canned_scenarios();
// Null when there is none of this name.
const CannedScenario* find_canned(std::string_view name);

// scenarios::core_sched() and cookie_storm() on a kernel that answers as `call` does, as far as it matters for whether
// core scheduling is there.
Result<AssertResult> run_core_sched(Ctx& ctx, CoreSchedCall call);
Result<AssertResult> run_cookie_storm(Ctx& ctx, CoreSchedCall call);

}  // namespace ktstr
