// SPDX-License-Identifier: Apache-2.0
//
// The trivial test, run as a user would: `ktstr run`, a process of its own.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "engine/guest.h"
#include "stopwatch.h"

namespace ktstr::bench {

struct KtstrRun {
  Taken whole;              // the whole process
  double boot_seconds = 0;  // from the start of QEMU until the agent took its job
};

// `scratch` holds the scenario and what the run leaves behind. `scheduler`: as --scheduler takes it; empty: none.
Result<KtstrRun> ktstr_run(const GuestSpec& spec, const std::string& scheduler, const std::filesystem::path& scratch);

}  // namespace ktstr::bench
