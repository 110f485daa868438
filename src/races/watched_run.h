// SPDX-License-Identifier: Apache-2.0
//
// What a run's trace says of memory: which places of the scheduler's code touched what, in their order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/result.h"
#include "races/lock_sets.h"
#include "races/names.h"

namespace ktstr {

struct MemoryAccess {
  std::uint64_t time_ns = 0;  // of the block of code that it was in
  std::uint64_t place = 0, address = 0;
  std::uint32_t bytes = 0;
  std::uint16_t vcpu = 0;
  bool store = false;
  bool atomic = false;
  bool interrupts = false;  // are on
  std::uint32_t locks = 0;  // that its vCPU holds, as WatchedRun::locks numbers them
  std::uint32_t run = 0;    // which stretch between two switches of its vCPU it belongs to
};

struct WatchedRun {
  SourceNames names;
  std::vector<MemoryAccess> accesses;
  LockSets locks;
  bool all = true;  // the file has all of them
};
// kNotFound: the trace has no accesses.
Result<WatchedRun> read_watched_run(const std::filesystem::path& trace_file);

}  // namespace ktstr
