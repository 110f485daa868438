// SPDX-License-Identifier: Apache-2.0
//
// Of tasks of one group that wanted to run on one CPU all the time: kWeightOrder: one of a higher weight does not get
// clearly less than one of a lower; kWeightShare: each gets what its weight entitles it to. What is on several CPUs a
// scheduler balances in its time.
#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "trace/invariants/watch.h"

namespace ktstr {

class Weights : public Watch {
 public:
  struct Judged {
    bool order = true, shares = true;
  };
  // `slice_ns`: the longest that a task may rightly run without a break.
  Weights(Judged judged, std::uint64_t slice_ns);

  void before(const Transition& transition, const Moment& moment, BreachSink& sink) override;
  void after(const TraceEvent& event, const Moment& moment, BreachSink& sink) override;
  void end(const Moment&, BreachSink&) override {}

 private:
  struct Of {
    std::uint64_t wants_since_ns = 0;  // to run, with nothing that keeps it off
    std::uint64_t cpu_since_ns = 0;
    std::uint16_t cpu = 0;
    std::uint64_t turn_ns = 0;  // what it ran since another task of its class, or of one below, ran there
    // In this window:
    std::uint64_t ran_ns = 0, longest_turn_ns = 0;
    std::uint32_t short_turns = 0, yields = 0;
  };
  struct Share {
    std::int32_t pid = 0;
    std::uint64_t ran_ns = 0, longest_turn_ns = 0;
    Rank rank;
    std::uint16_t cpu = 0;
    std::uint32_t yields = 0;
  };
  // Who is compared: those of one class and group, with one mask, on one CPU.
  using Rivals = std::tuple<std::uint32_t, std::uint64_t, SchedClass, CpuBits, std::uint16_t>;

  void follow(std::int32_t pid, const Moment& moment);
  void follow_turn(std::int32_t pid, std::uint16_t cpu, const Moment& moment);
  void begin_window(std::uint64_t at_ns);
  void end_window(const Moment& moment, BreachSink& sink);
  std::map<Rivals, std::vector<Share>> shares(const Moment& moment) const;
  void compare_order(std::vector<Share>& rivals, const Moment& moment, BreachSink& sink) const;
  void compare_parts(std::vector<Share>& rivals, const Moment& moment, BreachSink& sink) const;

  const Judged judged_;
  const std::uint64_t clearly_ns_, window_ns_;
  std::uint64_t window_from_ns_ = 0;
  std::map<std::int32_t, Of> tasks_;
  std::map<std::uint16_t, std::int32_t> last_ran_;  // by CPU: of those that are followed
};

}  // namespace ktstr
