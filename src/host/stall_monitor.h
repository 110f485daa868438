// SPDX-License-Identifier: Apache-2.0
//
// Watches workers in host mode, where no VM's introspection tells of a task that its scheduler has forgotten: a thread
// that looks at each of them in /proc every half second (stall_detector.h) and keeps what it found until stop(). In a
// guest it does not run: there the host sees more, and its wake-ups would disturb what is measured.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "host/stall_detector.h"

namespace ktstr {

class StallMonitor {
 public:
  struct Options {
    fs::path proc_root = "/proc";
    std::chrono::nanoseconds interval = std::chrono::milliseconds(500);
    int flat_samples = 4;  // so a task has stood still for 2 s
    std::function<std::chrono::nanoseconds()> now = monotonic_now;
    // On the monitor's thread, as soon as there is a report, which is kept for stop() too; may be empty. It
    // must not call the monitor.
    std::function<void(const StallReport&)> on_report = {};
  };

  // kInvalidArgument for an interval or a number of samples that is not positive, kUnsupported where /proc does not say
  // enough (see StallDetector::check_supported).
  static Result<StallMonitor> start(Options options);
  static Result<StallMonitor> start() { return start(Options{}); }
  StallMonitor(StallMonitor&&) noexcept;
  StallMonitor& operator=(StallMonitor&&) noexcept;
  // Joins the thread; what it found and nobody asked for is dropped.
  ~StallMonitor();

  void watch(const std::vector<int>& pids);
  // No report on them is made once it returns.
  void unwatch(const std::vector<int>& pids);
  // Joins the thread and gives what it found, in order of time; nothing the second time.
  std::vector<StallReport> stop();

 private:
  struct State;
  explicit StallMonitor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ktstr
