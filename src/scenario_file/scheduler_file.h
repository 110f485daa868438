// SPDX-License-Identifier: Apache-2.0
//
// ktstr.toml: the schedulers of a source tree ([schedulers.NAME], scheduler_table.h), for all scenario files and test
// programs in it.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ktstr/scheduler.h"

namespace ktstr {

inline constexpr std::string_view kSchedulerFile = "ktstr.toml";

// Its definitions; mistakes as parse_scenario() gives them.
Result<std::vector<SchedulerDefinition>> parse_scheduler_file(std::string_view text, std::string_view file_name);
Result<std::vector<SchedulerDefinition>> load_scheduler_file(const std::filesystem::path& file);

// In `directory` or the nearest one above it; none where there is none. It may name commands that are run, so one that
// somebody else put into a directory for all (/tmp) is passed over, with a warning.
std::optional<std::filesystem::path> find_scheduler_file(const std::filesystem::path& directory);

}  // namespace ktstr
