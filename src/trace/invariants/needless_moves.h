// SPDX-License-Identifier: Apache-2.0
//
// kPingPong: a task that could go on is taken off a CPU, which then has nothing to run, and runs on another one, again
// and again. What it does when it wakes up does not count, nor where its CPU went to somebody else. Nor a deadline
// task's moves: the kernel gives all CPUs to the earliest deadlines, and one whose budget is renewed takes another's.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "trace/invariants/watch.h"

namespace ktstr {

class NeedlessMoves : public Watch {
 public:
  void before(const Transition& transition, const Moment& moment, BreachSink& sink) override;
  void after(const TraceEvent& event, const Moment& moment, BreachSink& sink) override;
  void end(const Moment& moment, BreachSink& sink) override;

 private:
  struct Left {
    std::uint16_t cpu = 0;
    std::uint64_t runs = 0;  // of that CPU, until then
  };
  struct Of {
    std::optional<Left> left;
    std::uint64_t from_ns = 0, ran_ns = 0, moves = 0;
  };
  std::uint64_t& runs_of(std::uint16_t cpu);
  void close(std::int32_t pid, Of& of, std::uint16_t cpu, const Moment& moment, BreachSink& sink) const;

  std::map<std::int32_t, Of> tasks_;
  std::vector<std::uint64_t> runs_;  // by CPU: how often a task began to run there
};

}  // namespace ktstr
