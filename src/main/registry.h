// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ktstr/test.h"

namespace ktstr {

// What is wrong with adding `entry` to `tests`: an empty name, or one that is taken, with both places. Nothing: it is
// fine.
std::optional<std::string> registration_mistake(const std::vector<TestEntry>& tests, const TestEntry& entry);

// The registered ones, with an absolute path in place of a __FILE__ that is relative, as build systems give it:
// relative to a directory that `program` is in or below, or to the current one. Where the source is not there,
// `program`'s directory stands for its own.
std::vector<SchedulerDefinition> schedulers_declared_in(const std::filesystem::path& program,
                                                        std::vector<SchedulerDefinition> registered);

}  // namespace ktstr
