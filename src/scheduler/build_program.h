// SPDX-License-Identifier: Apache-2.0
//
// A scheduler's definition may say how its program is built: that is done before a run, when a source is newer.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "ktstr/scheduler.h"

namespace ktstr {

// Why the program must be built: "there is none", "src/main.c is newer"; "" when it is what its sources say. An Error
// (kInvalidArgument) for sources that are not there.
Result<std::string> why_build(const SchedulerDefinition& definition, const std::filesystem::path& program);

// Builds `program`, if it must be. kInvalidArgument, with the last lines of what the command printed, where that fails,
// or leaves none or an old one: what is run is never older than its sources. One process of several builds at a time,
// by a lock in `locks`, a directory that is made.
Status build_if_needed(const SchedulerDefinition& definition, const std::filesystem::path& program,
                       const std::filesystem::path& locks);

}  // namespace ktstr
