// SPDX-License-Identifier: Apache-2.0
//
// kWeightOrder: of two tasks of one group that may use the same CPUs, and wanted to run all the time, the one of the
// higher weight does not get clearly less. Whether it gets more is not asked.
#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "trace/class_times.h"
#include "trace/watch.h"

namespace ktstr {

class WeightOrder : public Watch {
 public:
  void before(const Transition& transition, const Look& look, BreachSink& sink) override;
  void after(const TraceEvent& event, const Look& look, BreachSink& sink) override;
  void end(const Look&, BreachSink&) override {}

 private:
  struct Of {
    std::uint64_t wants_since_ns = 0;  // to run, with nothing that keeps it off
    std::uint64_t cpu_since_ns = 0;
    std::uint16_t cpu = 0;
    std::uint64_t ran_ns = 0;  // in this window
  };
  struct Share {
    std::int32_t pid = 0;
    std::uint64_t ran_ns = 0;
    Rank rank;
    std::uint16_t cpu = 0;
  };
  // Who is compared: those of one class and group, with one mask, and under the kernel's scheduler on one CPU.
  using Rivals = std::tuple<std::uint32_t, std::uint64_t, SchedClass, CpuMask, std::uint32_t>;

  void follow(std::int32_t pid, const Look& look);
  void begin_window(std::uint64_t at_ns);
  void end_window(const Look& look, BreachSink& sink);
  std::map<Rivals, std::vector<Share>> shares(const Look& look) const;
  bool is_disturbed(const CpuMask& mask, const Look& look) const;
  void compare(std::vector<Share>& rivals, const Look& look, BreachSink& sink) const;

  std::uint64_t window_from_ns_ = 0;
  std::map<std::int32_t, Of> tasks_;
  ClassTimes class_times_;
  std::vector<std::uint64_t> above_at_start_;  // by CPU: what classes above the BPF schedulers' had run
};

}  // namespace ktstr
