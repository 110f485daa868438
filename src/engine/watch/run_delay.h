// SPDX-License-Identifier: Apache-2.0
//
// How long a QEMU was kept from running by others. A guest that has not got as far as it should may be stuck, or its
// host may have had other things to do; only the first is worth ending it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>

namespace ktstr {

// The time that the thread of `pid` which ran most has been runnable and waiting for a CPU, from
// /proc/PID/task/*/schedstat (Documentation/scheduler/sched-stats.rst). Zero where the kernel does not say (no
// CONFIG_SCHED_INFO) or the process is no more.
std::chrono::nanoseconds run_delay(pid_t pid, const std::filesystem::path& proc = "/proc");

// The same for a process that is watched: read at most once a second, and never going back.
class RunDelay {
 public:
  explicit RunDelay(pid_t pid) : pid_(pid) {}
  std::chrono::nanoseconds at(std::chrono::nanoseconds now);

 private:
  pid_t pid_;
  std::chrono::nanoseconds read_at_{0}, delay_{0};
};

}  // namespace ktstr
