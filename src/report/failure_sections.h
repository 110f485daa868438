// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/style.h"
#include "results/exploration.h"

namespace ktstr {

// "1 seed", "3 seeds".
std::string counted(std::uint64_t count, std::string_view what);

// Each group of failures below a heading: in which members it came (`member` is what one is called: "seed") and, of the
// first, what it said and the command that repeats it.
std::string failure_sections(const std::vector<FailureGroup>& groups, std::string_view member, const Style& style);

}  // namespace ktstr
