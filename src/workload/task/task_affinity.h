// SPDX-License-Identifier: Apache-2.0
//
// Which CPUs a task may use by its own will (sched_setaffinity(2)), within what its cpuset allows.
#pragma once

#include <sys/types.h>

#include <array>
#include <string_view>

#include "base/result.h"
#include "ktstr/topology.h"

namespace ktstr {

// A kernel CPU mask, of plain memory: a worker sets it between clone3 and its barrier, where it must not allocate.
class CpuMask {
 public:
  CpuMask() = default;
  explicit CpuMask(const CpuSet& cpus);
  // Whatever there is and the cpuset allows.
  static CpuMask all();
  static CpuMask one(Cpu cpu);
  CpuMask without(Cpu cpu) const;
  bool empty() const;
  // Of the calling thread for pid 0. False with errno.
  bool apply(pid_t pid) const;
  // False with errno.
  static bool read(pid_t pid, CpuMask& mask);
  CpuSet to_set() const;
  int count() const;
  // The one with `n` below it; the next one above `cpu`, and after the last the first. -1 where there is none.
  Cpu nth(int n) const;
  Cpu next(Cpu cpu) const;

 private:
  bool has(Cpu cpu) const {
    const auto bit = static_cast<std::size_t>(cpu);
    return (words_[bit / kWordBits] >> (bit % kWordBits) & 1) != 0;
  }
  static constexpr std::size_t kWordBits = 8 * sizeof(unsigned long);
  static constexpr Cpu kLimit = 4096;  // as of CpuSet::parse
  std::array<unsigned long, kLimit / kWordBits> words_{};
};

// `task` is what messages call it. A task that is gone is an Error with saved_errno() ESRCH.
Result<CpuSet> task_affinity(pid_t pid, std::string_view task);
// The kernel takes those of `cpus` that the cpuset allows; what it took is read back. An error when that is none, and
// (EBUSY) for a SCHED_DEADLINE task, which must keep all CPUs of its root domain.
Status set_task_affinity(pid_t pid, const CpuSet& cpus, std::string_view task);
// All that the cpuset allows.
Status reset_task_affinity(pid_t pid, std::string_view task);

}  // namespace ktstr
