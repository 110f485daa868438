// SPDX-License-Identifier: Apache-2.0
//
// A worker's own memory, and a walk over it: reads, changes and writes a byte every so many.
#pragma once

#include <algorithm>

#include "workload/types/alu.h"
#include "workload/types/region.h"
#include "workload/worker_run.h"

namespace ktstr {

class MemoryPass {
 public:
  MemoryPass(std::uint32_t kib, std::uint32_t stride) : region_(std::size_t{kib} << 10), stride_(stride) {}
  bool valid() const { return region_.valid(); }
  void go(WorkerRun& run) const {
    const auto bytes = region_.as<volatile std::uint8_t>();
    for (std::size_t at = 0; at < bytes.size() && !run.stopping();) {
      for (std::uint32_t i = 0; i < kTouchesPerUnit && at < bytes.size(); ++i, at += stride_)
        bytes[at] = static_cast<std::uint8_t>(bytes[at] + 1);
      run.end_unit();
    }
  }

 private:
  Region region_;
  std::uint32_t stride_;
};

}  // namespace ktstr
