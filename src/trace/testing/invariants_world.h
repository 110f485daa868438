// SPDX-License-Identifier: Apache-2.0
//
// Two CPUs on which tasks are woken, run and sleep, for tests of what the invariants make of it.
#pragma once

#include <gtest/gtest.h>

#include "trace/invariants/invariants.h"
#include "trace/testing/class_numbers.h"

namespace ktstr {

inline constexpr std::uint64_t kMs = 1'000'000;
inline constexpr std::uint64_t kBoth = 3;  // CPUs

struct MadeTask {
  std::int32_t pid = 0;
  std::uint32_t sched_class = kFairClass;
  int nice = 0;
  std::uint32_t group = 5, policy = 0;
  std::uint64_t mask = kBoth, cgroup = 9;
};

// Two CPUs that are idle, from 0 on.
class InvariantsWorld : public testing::Test {
 protected:
  explicit InvariantsWorld(const InvariantLimits& limits = {}) : invariants_(limits) {
    for (std::uint32_t cpu = 0; cpu < 2; ++cpu) at(0, trace::CpuSeen{.cpu = cpu, .current = 0});
    invariants_.begin(0);
  }
  template <typename T>
  void at(std::uint64_t ms, const T& event, std::uint16_t cpu = 0) {
    invariants_.add(make_event(ms * kMs, cpu, event));
  }
  void queue(std::uint64_t ms, const MadeTask& task, std::uint32_t cpu) {
    at(ms, trace::Enqueue{.pid = task.pid,
                          .cpu = cpu,
                          .sched_class = task.sched_class,
                          .policy = task.policy,
                          .static_prio = static_cast<std::uint32_t>(120 + task.nice),
                          .group = task.group});
  }
  void wake(std::uint64_t ms, const MadeTask& task, std::uint32_t cpu, std::uint64_t dsq = 0x5) {
    at(ms, trace::Fork{.pid = task.pid, .tgid = task.pid, .cgroup = task.cgroup, .mask = {task.mask}});
    if (task.sched_class == kExtClass && dsq != 0) at(ms, trace::DsqInsert{.pid = task.pid, .dsq = dsq});
    queue(ms, task, cpu);
  }
  // It is preempted, and queues as before.
  void run(std::uint64_t ms, std::int32_t pid, std::uint16_t cpu, std::int32_t instead_of = 0) {
    at(ms, trace::Switch{.prev = instead_of, .prev_on_rq = 1, .next = pid}, cpu);
  }
  void sleep(std::uint64_t ms, std::int32_t pid, std::uint16_t cpu, std::int32_t next = 0) {
    at(ms, trace::Switch{.prev = pid, .prev_state = 1, .prev_on_rq = 0, .next = next}, cpu);
  }
  const InvariantResult& result(Invariant invariant) {
    return invariants_.results()[static_cast<std::size_t>(invariant)];
  }
  void expect_holds(Invariant invariant) { EXPECT_TRUE(result(invariant).holds()) << to_string(invariant); }
  void expect_all_hold() {
    for (const Invariant one : {Invariant::kStarvation, Invariant::kLostTask, Invariant::kMaxSlice,
                                Invariant::kPingPong, Invariant::kWeightOrder, Invariant::kWeightShare})
      expect_holds(one);
  }
  Invariants invariants_;
};

}  // namespace ktstr
