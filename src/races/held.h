// SPDX-License-Identifier: Apache-2.0
//
// What holds did in a run, out of its trace.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/result.h"
#include "probe_page.h"
#include "races/names.h"

namespace ktstr {

// One time that a CPU stood still.
struct HeldOnce {
  std::uint32_t hold = 0;   // its number in the schedule
  std::uint32_t times = 0;  // how often a CPU had come to that place so, with this time
  std::uint32_t vcpu = 0;
  std::uint64_t from_ns = 0, to_ns = 0;                    // guest time; `to_ns` 0: to the end of the run
  control::HoldChange end = control::HoldChange::kBegins;  // why it went on; kBegins: it did not
  std::uint64_t by = 0;                                    // kMet: the instruction of the other CPU
  std::uint64_t address = 0;                               // of the memory
};

struct HeldRun {
  SourceNames names;
  std::vector<HeldOnce> holds;
  std::uint64_t met() const;  // how often another CPU came between
};
Result<HeldRun> read_held_run(const std::filesystem::path& trace_file);

}  // namespace ktstr
