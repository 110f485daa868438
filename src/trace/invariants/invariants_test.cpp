// SPDX-License-Identifier: Apache-2.0
#include "trace/invariants/invariants.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

constexpr std::uint64_t kMs = 1'000'000;

// Two CPUs that are idle, from 0 on.
class InvariantsTest : public testing::Test {
 protected:
  InvariantsTest() : invariants_({.idle_wait_ns = 100 * kMs, .wait_ns = 1000 * kMs}) {
    for (std::uint32_t cpu = 0; cpu < 2; ++cpu) at(0, trace::CpuSeen{.cpu = cpu, .current = 0});
    invariants_.begin(0);
  }
  template <typename T>
  void at(std::uint64_t ms, const T& event, std::uint16_t cpu = 0) {
    invariants_.add(make_event(ms * kMs, cpu, event));
  }
  void wake(std::uint64_t ms, std::int32_t pid, std::uint32_t cpu, std::uint64_t mask = 3) {
    at(ms, trace::Fork{.pid = pid, .tgid = pid, .cgroup = 9, .mask = {mask}});
    at(ms, trace::Enqueue{.pid = pid, .cpu = cpu, .sched_class = 3});
  }
  void run(std::uint64_t ms, std::int32_t pid, std::uint16_t cpu, std::int32_t instead_of = 0) {
    at(ms, trace::Switch{.prev = instead_of, .prev_on_rq = 1, .next = pid}, cpu);
  }
  const InvariantResult& result(Invariant invariant) {
    return invariants_.results()[static_cast<std::size_t>(invariant)];
  }
  void expect_all_hold() {
    for (const InvariantResult& one : invariants_.results()) EXPECT_TRUE(one.holds()) << to_string(one.invariant);
  }

  Invariants invariants_;
};

TEST_F(InvariantsTest, AWaitBesideAnIdleCpuIsABreach) {
  run(0, 50, 0);
  wake(10, 7, 0);
  run(130, 7, 1);
  const auto& found = result(Invariant::kWorkConservation);
  EXPECT_FALSE(found.holds());
  EXPECT_EQ(found.too_long, 1u);
  ASSERT_TRUE(found.worst);
  EXPECT_EQ(found.worst->pid, 7);
  EXPECT_EQ(found.worst->from_ns, 10 * kMs);
  EXPECT_EQ(found.worst->to_ns, 130 * kMs);
  EXPECT_EQ(found.worst->cpu, 1);
}

// Between two BPF schedulers the kernel itself decides, and takes its time.
TEST_F(InvariantsTest, WhatReachesIntoATimeWithoutASchedulerMayBeLonger) {
  for (const bool is_without : {true, false}) {
    Invariants invariants({.without_ns = {{90 * kMs, 150 * kMs}, {390 * kMs, 420 * kMs}},
                           .idle_wait_without_ns = is_without ? 1000 * kMs : 0});
    auto feed = [&](std::uint64_t ms, const auto& event, std::uint16_t cpu = 0) {
      invariants.add(make_event(ms * kMs, cpu, event));
    };
    for (std::uint32_t cpu = 0; cpu < 2; ++cpu) feed(0, trace::CpuSeen{.cpu = cpu, .current = 0});
    invariants.begin(0);
    feed(0, trace::Switch{.prev = 0, .prev_on_rq = 1, .next = 50});
    const auto wait = [&](std::uint64_t from, std::uint64_t to, std::int32_t pid) {
      feed(from, trace::Fork{.pid = pid, .tgid = pid, .cgroup = 9, .mask = {3}});
      feed(from, trace::Enqueue{.pid = pid, .cpu = 0, .sched_class = 3});
      feed(to, trace::Switch{.prev = 0, .prev_on_rq = 1, .next = pid}, 1);
      feed(to + 1, trace::Switch{.prev = pid, .prev_state = 1, .prev_on_rq = 0, .next = 0}, 1);
    };
    wait(10, 160, 7);
    const auto& found = invariants.results()[static_cast<std::size_t>(Invariant::kWorkConservation)];
    EXPECT_EQ(found.holds(), is_without);
    // Wholly within the time of a scheduler, and shorter than the one before.
    wait(200, 310, 8);
    EXPECT_EQ(found.too_long, is_without ? 1u : 2u);
    EXPECT_EQ(found.worst->pid, is_without ? 8 : 7);
    // It began without one, and went on for too long under the next.
    wait(400, 530, 9);
    EXPECT_EQ(found.too_long, is_without ? 2u : 3u);
  }
}

// Each of the three waits for less than the limit.
TEST_F(InvariantsTest, ACpuThatStaysIdleWhileOthersTakeTurnsIsABreach) {
  run(0, 50, 0);
  wake(10, 7, 0);
  wake(10, 8, 0);
  for (std::uint64_t ms = 50, pid = 7, last = 50; ms <= 250; ms += 40, std::swap(pid, last))
    run(ms, static_cast<std::int32_t>(pid), 0, static_cast<std::int32_t>(last));
  run(260, 8, 1);
  invariants_.end(300 * kMs);
  EXPECT_FALSE(result(Invariant::kWorkConservation).holds());
  EXPECT_GE(result(Invariant::kWorkConservation).worst->length_ns(), 200 * kMs);
}

// The kernel puts a task of a BPF scheduler back into the local queue of the CPU that the test's body takes, and asks
// nobody. As soon as the scheduler has it in a queue of its own it has to find the idle CPU.
TEST_F(InvariantsTest, AWaitBehindTheHarnessIsNotTheSchedulersDoing) {
  Invariants with_body({.harness_prio = 1});
  auto feed = [&](std::uint64_t ms, const auto& event, std::uint16_t cpu = 0) {
    with_body.add(make_event(ms * kMs, cpu, event));
  };
  for (std::uint32_t cpu = 0; cpu < 2; ++cpu) feed(0, trace::CpuSeen{.cpu = cpu, .current = 0});
  with_body.begin(0);
  feed(0, trace::Fork{.pid = 7, .tgid = 7, .cgroup = 9, .mask = {3}});
  feed(0, trace::Enqueue{.pid = 7, .cpu = 0, .sched_class = 4});
  feed(1, trace::Switch{.prev = 0, .next = 7, .next_prio = 120});
  feed(10, trace::Switch{.prev = 7, .prev_on_rq = 1, .next = 50, .next_prio = 1});
  const auto& found = with_body.results()[static_cast<std::size_t>(Invariant::kWorkConservation)];
  feed(400, trace::DsqInsert{.pid = 7, .dsq = 5});
  feed(401, trace::CpuSeen{.cpu = 1, .current = 0});
  EXPECT_TRUE(found.holds());
  feed(600, trace::Switch{.prev = 0, .next = 7, .next_prio = 120}, 1);
  EXPECT_FALSE(found.holds());
  ASSERT_TRUE(found.worst);
  EXPECT_EQ(found.worst->from_ns, 401 * kMs);
}

// Another's real-time task is no excuse: a scheduler that does not care leaves CPUs idle.
TEST_F(InvariantsTest, AWaitBehindAnotherRealTimeTaskIs) {
  run(0, 50, 0);
  at(0, trace::Fork{.pid = 7, .tgid = 7, .cgroup = 9, .mask = {3}});
  at(0, trace::Enqueue{.pid = 7, .cpu = 0, .sched_class = 4});
  run(500, 7, 1);
  EXPECT_FALSE(result(Invariant::kWorkConservation).holds());
}

TEST_F(InvariantsTest, ABriefOneIsAWayOfWorking) {
  run(0, 50, 0);
  wake(10, 7, 0);
  run(110, 7, 1);
  EXPECT_TRUE(result(Invariant::kWorkConservation).holds());
  EXPECT_EQ(result(Invariant::kWorkConservation).seen, 1u);
  EXPECT_EQ(result(Invariant::kWorkConservation).worst->length_ns(), 100 * kMs);
}

TEST_F(InvariantsTest, AnIdleCpuThatTheTaskMayNotUseDoesNotCount) {
  run(0, 50, 0);
  wake(10, 7, 0, 1);
  run(500, 7, 0, 50);
  expect_all_hold();
  EXPECT_EQ(result(Invariant::kWorkConservation).seen, 0u);
}

TEST_F(InvariantsTest, NeitherDoesOneThatIsOffline) {
  run(0, 50, 0);
  at(1, trace::CpuOffline{.cpu = 1});
  wake(10, 7, 0);
  run(500, 7, 0, 50);
  expect_all_hold();
}

TEST_F(InvariantsTest, ABusySpellEndsTheStretch) {
  run(0, 50, 0);
  wake(10, 7, 0);
  run(90, 51, 1);
  at(100, trace::Switch{.prev = 51, .prev_state = 1, .prev_on_rq = 0, .next = 0}, 1);
  run(190, 7, 1);
  EXPECT_TRUE(result(Invariant::kWorkConservation).holds());
  EXPECT_EQ(result(Invariant::kWorkConservation).seen, 2u);
}

TEST_F(InvariantsTest, AQuotaIsNotTheSchedulersDoing) {
  run(0, 50, 0);
  at(5, trace::Throttle{.cgroup = 9, .cpu = 0});
  wake(10, 7, 0);
  at(2000, trace::Unthrottle{.cgroup = 9, .cpu = 0});
  run(2001, 7, 1);
  EXPECT_TRUE(result(Invariant::kWorkConservation).holds());
}

// As since 6.18: the task itself is taken off its queue, on its way out of the kernel, and put back.
TEST_F(InvariantsTest, AWaitBeginsWhenAQuotaLetsTheTaskGo) {
  run(0, 50, 0);
  wake(10, 7, 1);
  run(11, 7, 1);
  at(12, trace::Dequeue{.pid = 7, .cpu = 1, .sched_class = 3}, 1);
  run(13, 0, 1, 7);
  at(4000, trace::Enqueue{.pid = 7, .cpu = 1, .sched_class = 3}, 1);
  run(4001, 7, 1);
  expect_all_hold();
  EXPECT_EQ(result(Invariant::kWaitAge).worst->length_ns(), 1 * kMs);
}

TEST_F(InvariantsTest, ALongWaitIsABreachOnABusyMachine) {
  run(0, 50, 0);
  run(0, 51, 1);
  wake(10, 7, 0);
  run(1011, 7, 0, 50);
  EXPECT_TRUE(result(Invariant::kWorkConservation).holds());
  EXPECT_FALSE(result(Invariant::kWaitAge).holds());
  EXPECT_EQ(result(Invariant::kWaitAge).worst->length_ns(), 1001 * kMs);
}

TEST_F(InvariantsTest, AWaitThatDoesNotEndCountsToTheEnd) {
  run(0, 50, 0);
  wake(10, 7, 0);
  invariants_.end(5000 * kMs);
  EXPECT_FALSE(result(Invariant::kWorkConservation).holds());
  EXPECT_FALSE(result(Invariant::kWaitAge).holds());
  EXPECT_EQ(result(Invariant::kWaitAge).worst->to_ns, 5000 * kMs);
}

TEST_F(InvariantsTest, WhatWasBeforeTheBeginIsNotJudged) {
  Invariants later({.idle_wait_ns = 100 * kMs, .wait_ns = 1000 * kMs});
  auto add = [&](std::uint64_t ms, const auto& event, std::uint16_t cpu = 0) {
    later.add(make_event(ms * kMs, cpu, event));
  };
  for (std::uint32_t cpu = 0; cpu < 2; ++cpu) add(0, trace::CpuSeen{.cpu = cpu, .current = 0});
  add(0, trace::Fork{.pid = 7, .tgid = 7, .mask = {3}});
  add(0, trace::Enqueue{.pid = 7, .cpu = 0, .sched_class = 3});
  later.begin(3000 * kMs);
  add(3050, trace::Switch{.prev = 0, .prev_on_rq = 1, .next = 7});
  later.end(4000 * kMs);
  for (const InvariantResult& one : later.results()) EXPECT_TRUE(one.holds()) << to_string(one.invariant);
  EXPECT_EQ(later.results()[0].worst->length_ns(), 50 * kMs);
}

TEST_F(InvariantsTest, ATaskWhereItMayNotRun) {
  wake(10, 7, 0, 1);
  run(11, 7, 1);
  EXPECT_FALSE(result(Invariant::kAllowedCpu).holds());
  EXPECT_EQ(result(Invariant::kAllowedCpu).worst->cpu, 1);
}

// The kernel tells it to leave, and until it has left it may be preempted and run there again.
TEST_F(InvariantsTest, ATaskThatIsToLeaveMayRunWhereItIs) {
  wake(10, 7, 0, 3);
  run(11, 7, 1);
  at(12, trace::Affinity{.pid = 7, .mask = {1}});
  run(13, 51, 1, 7);
  run(14, 7, 1, 51);
  expect_all_hold();
  run(15, 51, 1, 7);
  run(16, 7, 0);
  run(17, 50, 0, 7);
  run(18, 7, 1, 51);
  EXPECT_FALSE(result(Invariant::kAllowedCpu).holds()) << "it had left";
}

// As the agent's heartbeats do.
TEST_F(InvariantsTest, AMomentOfSomebodyElseIsNoEndOfIdleness) {
  run(0, 50, 0);
  wake(10, 7, 0);
  for (std::uint64_t ms = 60; ms <= 110; ms += 50) {
    run(ms, 3, 1);
    at(ms + 1, trace::Switch{.prev = 3, .prev_state = 1, .prev_on_rq = 0, .next = 0}, 1);
  }
  run(130, 7, 1);
  EXPECT_EQ(result(Invariant::kWorkConservation).worst->length_ns(), 120 * kMs);
  EXPECT_FALSE(result(Invariant::kWorkConservation).holds());
}

// And not who waited last, for a moment.
TEST_F(InvariantsTest, OfThoseThatWaitedForAnIdleCpuTheOneThatDidSoForLongestIsNamed) {
  run(0, 50, 0);
  wake(10, 7, 0);
  wake(149, 8, 0);
  run(150, 7, 0, 50);
  run(151, 8, 1);
  invariants_.end(200 * kMs);
  EXPECT_GE(result(Invariant::kWorkConservation).worst->length_ns(), 140 * kMs);
  EXPECT_EQ(result(Invariant::kWorkConservation).worst->pid, 7);
}

TEST_F(InvariantsTest, WhatRunsForLongerIs) {
  run(0, 50, 0);
  wake(10, 7, 0);
  run(60, 3, 1);
  at(62, trace::Switch{.prev = 3, .prev_state = 1, .prev_on_rq = 0, .next = 0}, 1);
  run(130, 7, 1);
  EXPECT_EQ(result(Invariant::kWorkConservation).worst->length_ns(), 68 * kMs);
}

// The CPU was chosen before: the wakeup waits for that CPU's interrupt while the mask is set.
TEST_F(InvariantsTest, AWakeupThatIsUnderWayMayEndWhereTheTaskMayNoLongerRun) {
  wake(10, 7, 1);
  run(11, 7, 1);
  at(12, trace::Switch{.prev = 7, .prev_state = 1, .prev_on_rq = 0, .next = 0}, 1);
  at(20, trace::Affinity{.pid = 7, .mask = {1}});
  at(20, trace::Enqueue{.pid = 7, .cpu = 1, .sched_class = 3});
  run(21, 7, 1);
  at(22, trace::Switch{.prev = 7, .prev_state = 1, .prev_on_rq = 0, .next = 0}, 1);
  expect_all_hold();
  at(30, trace::Enqueue{.pid = 7, .cpu = 0, .sched_class = 3});
  run(31, 7, 0);
  at(32, trace::Switch{.prev = 7, .prev_state = 1, .prev_on_rq = 0, .next = 0}, 0);
  at(40, trace::Enqueue{.pid = 7, .cpu = 1, .sched_class = 3});
  run(41, 7, 1);
  EXPECT_FALSE(result(Invariant::kAllowedCpu).holds()) << "that was chosen long after";
}

// Each move is a dequeue and an enqueue.
TEST_F(InvariantsTest, ATaskThatIsMovedAboutStillWaits) {
  run(0, 50, 0);
  wake(10, 7, 0);
  for (std::uint64_t ms = 50; ms <= 1150; ms += 50) {
    at(ms, trace::Dequeue{.pid = 7, .cpu = 0, .sched_class = 4});
    at(ms, trace::Enqueue{.pid = 7, .cpu = 0, .sched_class = 4});
  }
  run(1200, 7, 1);
  EXPECT_EQ(result(Invariant::kWorkConservation).worst->length_ns(), 1190 * kMs);
  EXPECT_FALSE(result(Invariant::kWaitAge).holds());
}

TEST_F(InvariantsTest, WhoseMaskIsNotKnownMayRunAnywhere) {
  at(10, trace::Enqueue{.pid = 7, .cpu = 0, .sched_class = 3});
  run(11, 7, 1);
  expect_all_hold();
}

}  // namespace
}  // namespace ktstr
