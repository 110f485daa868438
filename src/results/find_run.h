// SPDX-License-Identifier: Apache-2.0
//
// Which run a person means.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "results/run_record.h"

namespace ktstr {

// Of those in STATE/runs, newest first, also where a run is still under way.
std::vector<std::string> run_ids(const std::filesystem::path& state_dir);

// What came of it; none where it is still under way or was killed, and, with a warning, where it cannot be read.
std::optional<RunRecord> finished_run(const std::filesystem::path& run_dir);

// The directory of a run, named by its id, by a beginning of it that no other run has, as "last" or "last-failed" (the
// newest finished run, or the newest that did not pass; runs that repeat another one do not count), or by the path of a
// directory. kNotFound and kInvalidArgument (more than one run, with their ids) say what there is.
Result<std::filesystem::path> find_run(const std::filesystem::path& state_dir, const std::string& name);

}  // namespace ktstr
