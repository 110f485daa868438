// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>

namespace ktstr::guest {

// A process of ours that gets no CPU although it is real-time: the kernel spins on the CPU where it waits, and nothing
// else looks for another one for it (a single waiting real-time task is not pulled away).
class StrandedWatch {
 public:
  // A look costs as much as a process's start: `first_look` is after the end of most.
  StrandedWatch(std::filesystem::path proc, pid_t pid, std::chrono::nanoseconds first_look = {})
      : proc_(std::move(proc)), pid_(pid), next_look_(first_look) {}

  // Whether it was runnable without having run since the look before, with at least kApart of guest time in between.
  // Looks no more often than that.
  bool is_stranded_at(std::chrono::nanoseconds now);

  static constexpr std::chrono::seconds kApart{1};

 private:
  std::filesystem::path proc_;
  pid_t pid_;
  std::optional<std::uint64_t> waited_at_cpu_ns_;  // what it had run when it was seen to wait for a CPU
  std::chrono::nanoseconds next_look_;
};

// Puts the threads of `pid` on the CPU that we run on, and gives each back all CPUs that it may use.
void move_here(const std::filesystem::path& proc, pid_t pid);

}  // namespace ktstr::guest
