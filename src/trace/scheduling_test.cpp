// SPDX-License-Identifier: Apache-2.0
#include "trace/scheduling.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

class SchedulingTest : public testing::Test {
 protected:
  template <typename T>
  void at(std::uint64_t time_ns, const T& event, std::uint16_t cpu = 0) {
    scheduling_.add(make_event(time_ns, cpu, event), [this](const Transition& one) { seen_.push_back(one); });
  }
  void fork(std::uint64_t time_ns, std::int32_t pid) {
    at(time_ns, trace::Fork{.pid = pid, .tgid = pid, .mask = {~0ULL}});
  }
  void wake(std::uint64_t time_ns, std::int32_t pid, std::uint32_t cpu = 0) {
    at(time_ns, trace::Enqueue{.pid = pid, .cpu = cpu, .sched_class = 3, .clock = time_ns});
  }
  void change(std::uint64_t time_ns, std::int32_t prev, std::int32_t next, bool sleeps = false, std::uint16_t cpu = 0) {
    at(time_ns,
       trace::Switch{.prev = prev,
                     .prev_state = sleeps ? 1u : 0u,
                     .prev_on_rq = sleeps ? 0u : 1u,
                     .next = next,
                     .clock = time_ns},
       cpu);
  }
  TaskPhase phase(std::int32_t pid) {
    return scheduling_.task(pid) ? scheduling_.task(pid)->phase : TaskPhase::kUnknown;
  }

  Scheduling scheduling_;
  std::vector<Transition> seen_;
};

TEST_F(SchedulingTest, FollowsATaskThroughItsLife) {
  fork(10, 7);
  EXPECT_EQ(phase(7), TaskPhase::kUnknown);
  wake(11, 7);
  EXPECT_EQ(phase(7), TaskPhase::kWaiting);
  change(20, 0, 7);
  EXPECT_EQ(phase(7), TaskPhase::kRunning);
  EXPECT_EQ(scheduling_.cpus()[0].current, 7);
  change(30, 7, 8);
  EXPECT_EQ(phase(7), TaskPhase::kWaiting);
  change(40, 8, 7, true);
  EXPECT_EQ(phase(8), TaskPhase::kSleeping);
  change(50, 7, 0, true);
  wake(60, 7, 1);
  EXPECT_EQ(scheduling_.task(7)->cpu, 1);
  change(70, 0, 7, false, 1);
  at(80, trace::Switch{.prev = 7, .prev_state = 0x80, .prev_on_rq = 0, .next = 0}, 1);
  EXPECT_EQ(scheduling_.task(7), nullptr) << "it is dead";
  ASSERT_GE(seen_.size(), 2u);
  EXPECT_EQ(seen_[1].before.since_ns, 11u);
  EXPECT_EQ(seen_[1].at_ns, 20u);
}

TEST_F(SchedulingTest, BeginsWithWhatWasThere) {
  at(5, trace::CpuSeen{.cpu = 1, .current = 9, .clock = 5});
  at(5, trace::TaskSeen{.pid = 9, .cpu = 1, .state = 0, .on_rq = 1, .mask = {2}});
  at(5, trace::TaskSeen{.pid = 10, .cpu = 1, .state = 0, .on_rq = 1, .cgroup = 77, .mask = {1}});
  at(5, trace::TaskSeen{.pid = 11, .cpu = 1, .state = 1, .on_rq = 0});
  EXPECT_EQ(phase(9), TaskPhase::kRunning);
  EXPECT_EQ(phase(10), TaskPhase::kWaiting);
  EXPECT_EQ(phase(11), TaskPhase::kSleeping);
  EXPECT_EQ(scheduling_.task(10)->cgroup, 77u);
  EXPECT_TRUE(scheduling_.task(10)->may_run_on(0));
  EXPECT_FALSE(scheduling_.task(10)->may_run_on(1));
  EXPECT_FALSE(scheduling_.cpus()[0].known);
}

// EEVDF keeps a task that sleeps on its queue for a while, and wakes it there, or moves it while it sleeps.
TEST_F(SchedulingTest, ATaskThatSleepsOnItsQueue) {
  fork(1, 7);
  wake(2, 7);
  change(3, 0, 7);
  at(4, trace::Switch{.prev = 7, .prev_state = 1, .prev_on_rq = 1, .prev_delayed = 1, .next = 0});
  EXPECT_EQ(phase(7), TaskPhase::kSleeping);
  at(5, trace::Dequeue{.pid = 7, .cpu = 0, .sched_class = 3, .delayed = 1});
  at(5, trace::Enqueue{.pid = 7, .cpu = 3, .sched_class = 3, .state = 1, .delayed = 1});
  EXPECT_EQ(phase(7), TaskPhase::kSleeping) << "it was moved";
  EXPECT_EQ(scheduling_.task(7)->cpu, 3);
  at(6, trace::Dequeue{.pid = 7, .cpu = 3, .sched_class = 3, .delayed = 1});
  at(6, trace::Enqueue{.pid = 7, .cpu = 3, .sched_class = 3, .state = 1, .delayed = 1});
  EXPECT_EQ(phase(7), TaskPhase::kSleeping) << "it has another nice value";
  at(7, trace::Enqueue{.pid = 7, .cpu = 3, .sched_class = 3, .state = 1, .delayed = 1});
  EXPECT_EQ(phase(7), TaskPhase::kWaiting) << "it was woken";
}

TEST_F(SchedulingTest, ATaskThatSleptOnItsQueueWhenTheRecorderBegan) {
  at(5, trace::TaskSeen{.pid = 10, .cpu = 1, .state = 1, .on_rq = 1, .delayed = 1, .mask = {1}});
  EXPECT_EQ(phase(10), TaskPhase::kSleeping);
}

TEST_F(SchedulingTest, WhatCouldNotBeReadIsNotKnown) {
  TraceEvent seen = make_event(5, 0, trace::Fork{.pid = 10, .tgid = 10, .mask = {0}});
  scheduling_.add(seen);
  EXPECT_TRUE(scheduling_.task(10)->may_run_on(3)) << "no task may run nowhere";
  TraceEvent change = make_event(6, 0, trace::Switch{.prev = 10, .next = 0});
  change.unreadable = 1 << 4;
  scheduling_.add(change);
  EXPECT_FALSE(scheduling_.cpus()[0].known);
}

TEST_F(SchedulingTest, AfterAHoleNobodyKnowsWhatBecameOfTheTaskThatRan) {
  fork(1, 7);
  wake(2, 7);
  change(3, 0, 7);
  TraceEvent hole = make_event(6, 0, trace::Switch{});
  hole.unreadable = (1U << hole.count) - 1;
  scheduling_.add(hole);
  EXPECT_TRUE(is_hole(hole));
  EXPECT_EQ(phase(7), TaskPhase::kUnknown);
  EXPECT_FALSE(scheduling_.cpus()[0].known);
}

TEST_F(SchedulingTest, ATaskThatIsMovedWaitsOnTheOtherCpu) {
  fork(1, 7);
  wake(2, 7);
  at(3, trace::Migrate{.pid = 7, .from = 0, .to = 1});
  EXPECT_EQ(scheduling_.task(7)->cpu, 1);
  EXPECT_EQ(phase(7), TaskPhase::kWaiting);
}

TEST_F(SchedulingTest, AClassThatIsNotShownIsNotKnown) {
  fork(1, 7);
  TraceEvent woken = make_event(2, 0, trace::Enqueue{.pid = 7, .cpu = 0});
  woken.unreadable = 1 << 2;
  scheduling_.add(woken);
  EXPECT_EQ(phase(7), TaskPhase::kWaiting);
  EXPECT_FALSE(scheduling_.task(7)->sched_class);
}

TEST_F(SchedulingTest, RequeueingARunningTaskChangesNothing) {
  fork(1, 7);
  wake(2, 7);
  change(3, 0, 7);
  at(4, trace::Dequeue{.pid = 7, .cpu = 0, .sched_class = 3});
  EXPECT_FALSE(scheduling_.task(7)->queued);
  wake(4, 7);
  EXPECT_EQ(phase(7), TaskPhase::kRunning);
  EXPECT_TRUE(scheduling_.task(7)->queued);
}

TEST_F(SchedulingTest, MovingAWaitingTaskDoesNotBeginAnotherWait) {
  fork(1, 7);
  wake(2, 7, 0);
  at(5, trace::Dequeue{.pid = 7, .cpu = 0, .sched_class = 3});
  wake(6, 7, 2);
  EXPECT_EQ(scheduling_.task(7)->since_ns, 2u);
  EXPECT_EQ(scheduling_.task(7)->cpu, 2);
}

TEST_F(SchedulingTest, KnowsWhereABpfSchedulerPutATask) {
  fork(1, 7);
  wake(2, 7);
  EXPECT_FALSE(scheduling_.task(7)->dsq);
  at(3, trace::DsqInsert{.pid = 7, .dsq = 5});
  EXPECT_EQ(scheduling_.task(7)->dsq, 5u);
  change(4, 0, 7);
  EXPECT_FALSE(scheduling_.task(7)->dsq) << "it has left it";
  at(5, trace::DsqInsert{.pid = 7, .dsq = 6});
  change(6, 7, 0);
  EXPECT_EQ(scheduling_.task(7)->dsq, 6u) << "a task is queued before it is taken off its CPU";
}

// The kernel says it of each cgroup below, and of one below two quotas twice.
TEST_F(SchedulingTest, QuotasOnACpuAreCounted) {
  at(2, trace::Throttle{.cgroup = 30, .cpu = 1});
  at(3, trace::Throttle{.cgroup = 30, .cpu = 1});
  EXPECT_TRUE(scheduling_.is_throttled(30, 1));
  EXPECT_FALSE(scheduling_.is_throttled(30, 0));
  EXPECT_FALSE(scheduling_.is_throttled(20, 1));
  at(4, trace::Unthrottle{.cgroup = 30, .cpu = 1});
  EXPECT_TRUE(scheduling_.is_throttled(30, 1));
  at(5, trace::Unthrottle{.cgroup = 30, .cpu = 1});
  EXPECT_FALSE(scheduling_.is_throttled(30, 1));
  at(6, trace::Unthrottle{.cgroup = 30, .cpu = 1});
  EXPECT_FALSE(scheduling_.is_throttled(30, 1));
}

TEST_F(SchedulingTest, AMaskWhileMigrationIsDisabledIsNotTheTasks) {
  fork(1, 7);
  at(2, trace::Affinity{.pid = 7, .flags = 2, .mask = {1}});
  EXPECT_TRUE(scheduling_.task(7)->may_run_on(5));
  at(3, trace::Affinity{.pid = 7, .flags = 8, .mask = {1}});
  EXPECT_FALSE(scheduling_.task(7)->may_run_on(5));
}

// What a hostile guest may say: CPUs and pids that are none, times that go back.
TEST_F(SchedulingTest, TakesAnything) {
  change(100, -5, 2'000'000'000, true, 65535);
  wake(50, -7, 4'000'000'000u);
  EXPECT_EQ(scheduling_.now_ns(), 100u) << "time does not go back";
  at(101, trace::CpuOnline{.cpu = 0xffffffff});
  EXPECT_LT(scheduling_.cpus().size(), 1000u);
}

}  // namespace
}  // namespace ktstr
