// SPDX-License-Identifier: Apache-2.0
//
// Durations as people write them in scenario files and on the command line: "50ms", "1.5s".
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ktstr {

// A decimal number with the unit ns, us, ms or s, and a whole number of nanoseconds of at most 292 years; not negative.
// kInvalidArgument otherwise; a number without a unit is refused too.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);
// In the largest unit of which there is at least one, exact: "50ms", "1.5s", "0s". parse_duration reads it back.
std::string format_duration(std::chrono::nanoseconds duration);

}  // namespace ktstr
