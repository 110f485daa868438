// SPDX-License-Identifier: Apache-2.0
//
// kMaxSlice: a task runs on and on while another, which it is not above, waits for that very CPU. What a class above
// its own does in between for a moment, as the agent's heartbeats do, is no end of its turn.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "trace/invariants/watch.h"

namespace ktstr {

class LongSlice : public Watch {
 public:
  explicit LongSlice(std::uint64_t limit_ns) : limit_ns_(limit_ns) {}
  void before(const Transition& transition, const Moment& moment, BreachSink& sink) override;
  void after(const TraceEvent& event, const Moment& moment, BreachSink& sink) override;
  void end(const Moment& moment, BreachSink& sink) override;

 private:
  struct Want {
    std::uint16_t cpu = 0;
    std::uint64_t since_ns = 0;
  };
  // Whose turn it is on a CPU. In a break somebody of a class above runs.
  struct Turn {
    std::int32_t pid = 0;
    std::uint64_t since_ns = 0;
    Breaks breaks{};
  };
  void follow(std::int32_t pid, const Moment& moment, BreachSink& sink);
  void follow_turn(const trace::Switch& event, std::uint16_t cpu, const Moment& moment, BreachSink& sink);
  void end_turn(std::uint16_t cpu, const Moment& moment, BreachSink& sink);
  void judge(std::int32_t pid, const Want& want, const Moment& moment, BreachSink& sink) const;

  const std::uint64_t limit_ns_;
  std::map<std::int32_t, Want> wants_;
  std::vector<Turn> turns_;  // by CPU
};

// The one CPU that the task waits for: of whose queue it is, or that alone it may use.
std::optional<std::uint16_t> cpu_waited_for(const TaskNow& task, const Scheduling& now);

}  // namespace ktstr
