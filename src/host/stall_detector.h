// SPDX-License-Identifier: Apache-2.0
//
// Whether a task that wants to run gets to run, seen from outside: its context switches and its run time in
// /proc/PID/sched (nr_switches, se.sum_exec_runtime; kernel/sched/debug.c). A task that is runnable (state R) while
// both stand still for several samples in a row has stalled: its scheduler has forgotten it. A sleeping task has not,
// and neither has one that spins: its run time grows.
//
// This is the judgement alone, one call a sample, for StallMonitor (stall_monitor.h) and for tests.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace ktstr {

// One look at a task.
struct StallSample {
  std::chrono::nanoseconds at{};  // CLOCK_MONOTONIC
  std::uint64_t nr_switches = 0;
  std::chrono::nanoseconds exec_runtime{};
  friend bool operator==(const StallSample&, const StallSample&) = default;
};

// A task that stalled, with what /proc says of it and of the host at that time. What cannot be read is "?".
struct StallReport {
  int pid = 0;
  std::string comm;
  StallSample watched;  // when the watch began
  StallSample first;    // since then it stands still
  StallSample last;
  char state = '?';
  std::string wchan, syscall;  // /proc/PID/wchan, /proc/PID/syscall: "0", "running"
  std::string cgroup;          // of the unified hierarchy: "/ktstr/cg_0"
  std::string cpus_allowed;    // "0-3"
  std::string host_load;       // /proc/loadavg
  std::string kernel_stack;    // lines of /proc/PID/stack; empty where there is none or we may not
  // One paragraph, for a failure detail.
  std::string describe() const;
};

class StallDetector {
 public:
  // `flat_samples`: how many samples in a row must show no progress after the first of them, at least 1.
  StallDetector(fs::path proc_root, int flat_samples);
  // kUnsupported where the kernel has no /proc/PID/sched (CONFIG_SCHED_DEBUG).
  Status check_supported() const;

  // A pid that is watched already stays as it is.
  void watch(const std::vector<int>& pids);
  void unwatch(const std::vector<int>& pids);
  // Looks at all of them. A task is reported once until it makes progress. One that has ended (or whose pid is
  // somebody else's by now) is watched no longer.
  std::vector<StallReport> sample(std::chrono::nanoseconds now);

 private:
  struct Seen {
    std::uint64_t start_time;  // tells a pid that has been used again
    StallSample watched, first;
    int flat = 0;
    bool reported = false;
  };
  struct Look {
    std::uint64_t start_time;
    char state;
    StallSample sample;
  };
  std::optional<Look> look_at(int pid, std::chrono::nanoseconds now) const;
  // Whether it is to be reported now.
  bool note(Seen& seen, const Look& look) const;
  StallReport report(int pid, const Seen& seen, const Look& look) const;
  std::string proc_file(int pid, const char* name) const;

  fs::path proc_root_;
  int flat_samples_;
  std::map<int, std::optional<Seen>> tasks_;  // no value before the first sample
};

}  // namespace ktstr
