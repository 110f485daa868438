// SPDX-License-Identifier: Apache-2.0
//
// /proc/PID/schedstat (Documentation/scheduler/sched-stats.rst): time on a CPU, time runnable but waiting, timeslices.
#pragma once

#include <atomic>
#include <cstdint>

namespace ktstr {

struct Schedstat {
  std::uint64_t cpu_time_ns = 0;
  std::uint64_t run_delay_ns = 0;
  std::uint64_t timeslices = 0;

  Schedstat since(const Schedstat& before) const;
};

// One in shared memory, with one writer.
class SharedSchedstat {
 public:
  void store(const Schedstat& stat);
  Schedstat load() const;

 private:
  std::atomic<std::uint64_t> cpu_time_ns_{0}, run_delay_ns_{0}, timeslices_{0};
};

// False where the file cannot be read or is no schedstat (a kernel without CONFIG_SCHED_INFO has none). Allocates
// nothing: a worker calls it between clone3 and _exit, where another thread may have held malloc's lock.
bool read_schedstat(const char* path, Schedstat& stat);

}  // namespace ktstr
