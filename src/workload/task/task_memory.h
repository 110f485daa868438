// SPDX-License-Identifier: Apache-2.0
//
// The memory policy of a task as the kernel takes it (set_mempolicy(2)). Only the task itself can set it, so a worker
// does, between clone3 and its barrier: plain memory, no allocation.
#pragma once

#include <array>

#include "base/result.h"
#include "ktstr/work.h"

namespace ktstr {

class TaskMemory {
 public:
  // Leaves the task's policy alone.
  TaskMemory() = default;
  // As does MemPolicy::Kind::kDefault without nodes and flags.
  explicit TaskMemory(const MemPolicy& policy);

  // Of the calling thread. False with errno.
  bool apply() const;
  // Whether the calling thread has it. The kernel takes those of the nodes that have memory and that cpuset.mems
  // allows.
  bool holds() const;

 private:
  static constexpr std::size_t kWordBits = 8 * sizeof(unsigned long);
  static constexpr std::size_t kMaxNodes = 1024;  // MAX_NUMNODES of the largest kernels
  bool set_ = false;
  int mode_ = 0;  // with flags
  std::array<unsigned long, kMaxNodes / kWordBits> nodes_{};
};

// What apply() having failed with `error` means.
Error explain_memory_refusal(Error error, const MemPolicy& policy);

}  // namespace ktstr
