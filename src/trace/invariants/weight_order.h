// SPDX-License-Identifier: Apache-2.0
//
// kWeightOrder: of two tasks of one group that wanted to run on one CPU all the time, the one of the higher weight does
// not get clearly less. Whether it gets more is not asked. What is on several CPUs a scheduler balances in its time.
#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "trace/invariants/watch.h"

namespace ktstr {

class WeightOrder : public Watch {
 public:
  // `slice_ns`: the longest that a task may rightly run without a break.
  explicit WeightOrder(std::uint64_t slice_ns);

  void before(const Transition& transition, const Moment& moment, BreachSink& sink) override;
  void after(const TraceEvent& event, const Moment& moment, BreachSink& sink) override;
  void end(const Moment&, BreachSink&) override {}

 private:
  struct Of {
    std::uint64_t wants_since_ns = 0;  // to run, with nothing that keeps it off
    std::uint64_t cpu_since_ns = 0;
    std::uint16_t cpu = 0;
    std::uint64_t ran_ns = 0;       // in this window
    std::uint32_t short_turns = 0;  // likewise
  };
  struct Share {
    std::int32_t pid = 0;
    std::uint64_t ran_ns = 0;
    Rank rank;
    std::uint16_t cpu = 0;
  };
  // Who is compared: those of one class and group, with one mask, on one CPU.
  using Rivals = std::tuple<std::uint32_t, std::uint64_t, SchedClass, CpuBits, std::uint16_t>;

  void follow(std::int32_t pid, const Moment& moment);
  void begin_window(std::uint64_t at_ns);
  void end_window(const Moment& moment, BreachSink& sink);
  std::map<Rivals, std::vector<Share>> shares(const Moment& moment) const;
  void compare(std::vector<Share>& rivals, const Moment& moment, BreachSink& sink) const;

  const std::uint64_t clearly_ns_, window_ns_;
  std::uint64_t window_from_ns_ = 0;
  std::map<std::int32_t, Of> tasks_;
};

}  // namespace ktstr
