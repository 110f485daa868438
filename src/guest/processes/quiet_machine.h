// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace ktstr::guest {

// Clock ticks that all CPUs together have been busy, from the text of /proc/stat.
Result<std::uint64_t> busy_ticks(std::string_view proc_stat);

// Context switches since the boot, from the same text.
Result<std::uint64_t> context_switches(std::string_view proc_stat);

// Returns when no CPU has been busy between a few looks, this far apart, or when `limit` (guest time) is over. `proc`
// is "/proc".
void wait_until_quiet(const std::filesystem::path& proc, std::chrono::nanoseconds look, std::chrono::nanoseconds limit);

}  // namespace ktstr::guest
