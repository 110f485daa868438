// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ktstr/test.h"

namespace ktstr {

// What is wrong with adding `entry` to `tests`: an empty name, or one that is taken, with both places. Nothing: it is
// fine.
std::optional<std::string> registration_mistake(const std::vector<TestEntry>& tests, const TestEntry& entry);

}  // namespace ktstr
