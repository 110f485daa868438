// SPDX-License-Identifier: Apache-2.0
//
// kStarvation and kLostTask: in one wait of a task another one, which is not above it, runs for longer than a limit in
// total where the first may run. That does not depend on the load: whoever else is there, the two take turns. Time in
// which a higher class holds the CPU that the task waits for does not count.
#pragma once

#include <deque>
#include <map>
#include <tuple>

#include "trace/invariants/class_times.h"
#include "trace/invariants/watch.h"

namespace ktstr {

class Starvation : public Watch {
 public:
  explicit Starvation(std::uint64_t limit_ns) : limit_ns_(limit_ns) {}
  void before(const Transition& transition, const Moment& moment, BreachSink& sink) override;
  void after(const TraceEvent& event, const Moment& moment, BreachSink& sink) override;
  void end(const Moment& moment, BreachSink& sink) override;

 private:
  struct Wait {
    std::uint64_t since_ns = 0;
    std::uint16_t cpu = 0;
    std::uint64_t above_ns = 0;   // of the higher classes on that CPU, when it came there
    std::uint64_t paused_ns = 0;  // on CPUs before that
    bool only_cpu = false;        // a BPF scheduler has it in the queue of one CPU
    bool in_queue = false;        // of the kernel; always so but under a BPF scheduler
    Rank rank;
    CpuBits mask{};
  };
  struct Ran {
    std::int32_t pid = 0;
    std::uint16_t cpu = 0;
    std::uint64_t from_ns = 0, to_ns = 0;
    Rank rank;
  };
  using Peers = std::tuple<std::uint32_t, std::uint64_t, SchedClass, std::uint32_t>;  // group, cgroup, class, policy

  void note_ran(const Transition& transition);
  void prune();
  void start(std::int32_t pid, const TaskNow& task, const Moment& moment);
  void follow(std::int32_t pid, const Moment& moment, BreachSink& sink);
  void judge(std::int32_t pid, const Wait& wait, const Moment& moment, BreachSink& sink) const;
  std::uint64_t paused(const Wait& wait, std::uint64_t at_ns) const;

  const std::uint64_t limit_ns_;
  std::map<std::int32_t, Wait> waits_;
  std::map<Peers, std::deque<Ran>> ran_;  // in the order of their ends; what no wait goes back to is dropped
  std::size_t kept_ = 0, prune_at_ = 4096;
  ClassTimes class_times_;
};

}  // namespace ktstr
