// SPDX-License-Identifier: Apache-2.0
//
// A BPF object alone as the scheduler: our own loader (scx_load) attaches it in the guest.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "runner/runner.h"

namespace ktstr::cli {

// The command that starts `words`, the first of which is an absolute path: of a program as it is, of a BPF object the
// loader with the object, which is then among the request's files.
Result<std::string> scheduler_command(RunRequest& request, std::vector<std::string> words,
                                      const RunnerEnvironment& environment);

}  // namespace ktstr::cli
