// SPDX-License-Identifier: Apache-2.0
//
// What workers do. Each work type is a struct with its parameters; WorkType is one of them. To add one: a struct here,
// a line in the table of src/workload/work_types.cpp, and its loop in a file of its family.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "ktstr/topology.h"

namespace ktstr {

// Busy on its CPU, never sleeps, never yields: 1024 spins are a work unit.
struct SpinWait {
  friend bool operator==(const SpinWait&, const SpinWait&) = default;
};
// sched_yield(2) after each small unit of work.
struct YieldHeavy {
  friend bool operator==(const YieldHeavy&, const YieldHeavy&) = default;
};
// A burst of spinning, then one yield.
struct Mixed {
  std::uint32_t spins = 1024;  // spins before the yield
  friend bool operator==(const Mixed&, const Mixed&) = default;
};
// Runs for `burst`, then sleeps; records how late each wake-up was.
struct Bursty {
  std::chrono::nanoseconds burst = std::chrono::milliseconds(50);
  std::chrono::nanoseconds sleep = std::chrono::milliseconds(100);
  friend bool operator==(const Bursty&, const Bursty&) = default;
};

using WorkType = std::variant<SpinWait, YieldHeavy, Mixed, Bursty>;

// "SpinWait", "Bursty(burst=50ms, sleep=100ms)".
std::string describe(const WorkType& type);
// The name alone, as scenario files spell it: "SpinWait".
std::string_view name_of(const WorkType& type);
// The names of all work types, for messages.
std::vector<std::string_view> work_type_names();

// A group of equal workers. Each worker is a process of its own.
struct WorkSpec {
  int workers = 1;  // at least 1
  WorkType type = SpinWait{};
  int nice = 0;  // -20..19
};

// What one worker did, in guest time.
struct WorkerReport {
  std::string cgroup;    // the definition's name, "cg_0"
  int index = 0;         // in its cgroup, from 0
  int group = 0;         // which WorkSpec of its cgroup it belongs to, from 0: only these are comparable
  int pid = 0;
  std::uint64_t work_units = 0;
  std::uint64_t iterations = 0;
  std::uint64_t started_ns = 0;      // CLOCK_MONOTONIC when released
  std::uint64_t cpu_time_ns = 0;     // CLOCK_THREAD_CPUTIME_ID, over the run
  std::uint64_t wall_time_ns = 0;    // released to stopped
  std::uint64_t run_delay_ns = 0;    // /proc/PID/schedstat, second field, over the run: waiting while runnable
  std::uint64_t timeslices = 0;      // schedstat, third field, over the run
  std::uint64_t max_gap_ns = 0;      // longest time between two checkpoints
  Cpu max_gap_cpu = -1;              // CPU after the gap; -1: it was still away when the report was made
  std::uint64_t max_gap_at_ns = 0;   // when the gap ended, since released
  std::uint64_t migrations = 0;      // checkpoints on another CPU than the one before
  CpuSet cpus_used;
  CpuSet cpus_outside;               // CPUs it was seen on that its cpuset at the time did not allow
  std::uint64_t sleep_ns = 0;        // asked to sleep; is not waiting for a CPU
  std::uint64_t wakeups = 0;         // how many wake latencies there were
  std::uint64_t wake_max_ns = 0;     // the longest of all wake latencies, whether kept below or not
  std::vector<std::uint64_t> wake_latencies_ns;  // at most 4096 of them, evenly thinned
  bool responded = true;             // false: it did not stop when told to; the numbers are the last it published
  std::string exit;                  // empty, or how it died by itself: "killed by signal 11 (SIGSEGV)"

  // Time off the CPU that it did not ask for: wall - cpu - sleep, as a share (0 to 100) of the wall time that it did not
  // sleep; 0 when it slept all the time.
  double off_cpu_pct() const;
};

}  // namespace ktstr
