// SPDX-License-Identifier: Apache-2.0
//
// What holds did in a run, out of its trace.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/result.h"
#include "probe_page.h"

namespace ktstr {

// One time that a CPU stood still.
struct HeldOnce {
  std::uint32_t hold = 0;                                  // its number in the schedule
  std::uint32_t times = 0;                                 // how often a CPU had come to that place so, with this time
  control::HoldChange end = control::HoldChange::kBegins;  // why it went on; kBegins: it did not
  bool is_met() const { return end == control::HoldChange::kMet; }
};

// In the order in which they began.
Result<std::vector<HeldOnce>> read_holds(const std::filesystem::path& trace_file);

}  // namespace ktstr
