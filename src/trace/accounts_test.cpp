// SPDX-License-Identifier: Apache-2.0
#include "trace/accounts.h"

#include "trace/testing/class_numbers.h"
#include "trace/testing/made_trace.h"

namespace ktstr {
namespace {

constexpr std::uint32_t kSleep = 1, kSaveAndRestore = 2;

class Accounted : public MadeTrace {
 protected:
  void enqueue(std::uint64_t ms, std::int32_t pid, std::uint32_t flags = 0, std::uint32_t delayed = 0) {
    at(ms,
       trace::Enqueue{.pid = pid, .sched_class = kFairClass, .flags = flags, .delayed = delayed, .clock = ms * kMs});
  }
  void dequeue(std::uint64_t ms, std::int32_t pid, std::uint32_t flags, std::uint32_t sched_class = kFairClass) {
    at(ms, trace::Dequeue{.pid = pid, .sched_class = sched_class, .flags = flags, .clock = ms * kMs});
  }
  void begin(std::uint64_t ms, std::int32_t pid) { at(ms, trace::Switch{.next = pid, .clock = ms * kMs}); }
  // `state`: 0x80: dead.
  void end(std::uint64_t ms, std::int32_t pid, std::uint32_t state, std::uint32_t delayed = 0) {
    at(ms, trace::Switch{
               .prev = pid, .prev_state = state, .prev_on_rq = delayed, .prev_delayed = delayed, .clock = ms * kMs});
  }
  TaskAccount of(std::int32_t pid) {
    TraceReader trace = reader();
    const auto accounts = account(trace);
    EXPECT_TRUE(accounts);
    for (const TaskAccount& task : accounts->tasks)
      if (task.pid == pid) return task;
    ADD_FAILURE() << "no task " << pid;
    return {};
  }
  // Runs from 2 to 4 and is off the CPU at 5.
  void live_and_die(std::uint32_t sched_class) {
    fork(1, 7, "a");
    enqueue(1, 7);
    begin(2, 7);
    dequeue(4, 7, kSleep, sched_class);
    end(5, 7, 0x80);
  }
};

// EEVDF counts up to where it takes a task off its queue; other classes up to the switch.
TEST_F(Accounted, ARunEndsWhereItsClassSaysSo) {
  live_and_die(kFairClass);
  at(6, trace::Released{.pid = 7, .ran = 2 * kMs, .waited = 1 * kMs});
  const TaskAccount fair = of(7);
  EXPECT_TRUE(fair.whole_life);
  EXPECT_EQ(fair.ran_ns, 3 * kMs);
  EXPECT_EQ(fair.ran_by_clock_ns, 2 * kMs);
  EXPECT_EQ(fair.ran_off_ns, 0);
  EXPECT_EQ(fair.waited_off_ns, 0);
}

// By where it began to wait and where it ran: the trace has its moves in between.
TEST_F(Accounted, MovesAreOfThoseThatWaitAndOfThoseThatSleep) {
  fork(1, 7, "a");
  enqueue(1, 7);
  at(2, trace::Migrate{.pid = 7, .from = 0, .to = 1});
  at(2, trace::Enqueue{.pid = 7, .cpu = 1, .sched_class = kFairClass, .clock = 2 * kMs});
  at(3, trace::Switch{.next = 7, .clock = 3 * kMs}, 1);
  at(5, trace::Switch{.prev = 7, .prev_state = 1, .clock = 5 * kMs}, 1);
  EXPECT_EQ(of(7).moved_awake, 1u);
  EXPECT_EQ(of(7).moved_asleep, 0u);
  enqueue(6, 7);
  begin(7, 7);
  EXPECT_EQ(of(7).moved_awake, 1u);
  EXPECT_EQ(of(7).moved_asleep, 1u);
}

TEST_F(Accounted, ARealTimeTasksRunEndsAtTheSwitch) {
  live_and_die(kRealTimeClass);
  at(6, trace::Released{.pid = 7, .ran = 2 * kMs, .waited = 1 * kMs});
  EXPECT_EQ(of(7).ran_by_clock_ns, 3 * kMs);
  EXPECT_EQ(of(7).ran_off_ns, -1 * static_cast<std::int64_t>(kMs));
}

TEST_F(Accounted, ARunOfOneThatSleepsOnItsQueueEndsAtTheSwitch) {
  fork(1, 7, "a");
  enqueue(1, 7);
  begin(2, 7);
  dequeue(4, 7, kSleep);
  end(5, 7, 1, 1);
  EXPECT_EQ(of(7).ran_by_clock_ns, 3 * kMs);
}

// Before the switch another task of its group comes from another CPU.
TEST_F(Accounted, ARunGoesOnUntilItsQueueIsTouchedLast) {
  for (const std::uint32_t group : {5U, 6U}) {
    events_.clear();
    at(0, trace::CpuSeen{.cpu = 0});
    fork(1, 7, "a");
    at(1, trace::Enqueue{.pid = 7, .sched_class = kFairClass, .clock = 1 * kMs, .static_prio = 120, .group = 5});
    begin(2, 7);
    dequeue(4, 7, kSleep);
    at(5, trace::Enqueue{.pid = 8, .sched_class = kFairClass, .clock = 5 * kMs, .static_prio = 120, .group = group});
    at(6,
       trace::Enqueue{.pid = 9, .cpu = 1, .sched_class = kFairClass, .clock = 6 * kMs, .static_prio = 120, .group = 5});
    end(7, 7, 1);
    EXPECT_EQ(of(7).ran_by_clock_ns, (group == 5 ? 3 : 2) * kMs);
  }
}

TEST_F(Accounted, ARunGoesOnWithOtherAttributes) {
  fork(1, 7, "a");
  enqueue(1, 7);
  begin(2, 7);
  dequeue(3, 7, kSaveAndRestore);
  enqueue(3, 7, kSaveAndRestore);
  end(5, 7, 0);
  EXPECT_EQ(of(7).ran_by_clock_ns, 3 * kMs);
}

// One that sleeps on its queue does not begin to wait when its affinity changes; one that waits goes on.
TEST_F(Accounted, OtherAttributesAreNoWait) {
  fork(1, 7, "a");
  enqueue(1, 7);
  begin(2, 7);
  dequeue(4, 7, kSleep);
  end(4, 7, 1, 1);
  dequeue(10, 7, kSaveAndRestore);
  enqueue(10, 7, kSaveAndRestore, 1);
  enqueue(20, 7, 0, 1);
  dequeue(21, 7, kSaveAndRestore);
  enqueue(21, 7, kSaveAndRestore);
  begin(23, 7);
  const TaskAccount task = of(7);
  EXPECT_EQ(task.waited_by_clock_ns, 4 * kMs);
  EXPECT_EQ(task.waited_ns, 4 * kMs);
  EXPECT_EQ(task.slept_ns, 16 * kMs);
}

TEST_F(Accounted, WhatAMovedTaskRanBelongsToWhereItWas) {
  for (const auto& [cgroup, name] : {std::pair(8, "old"), {9, "new"}})
    at(0, trace::CgroupSeen{.cgroup = static_cast<std::uint64_t>(cgroup), .parent = 1, .name = trace_text_of<4>(name)});
  at(0, trace::CgroupSeen{.cgroup = 1, .parent = 0, .name = {}});
  fork(1, 7, "a", 3, 8);
  enqueue(1, 7);
  begin(2, 7);
  at(5, trace::CgroupMove{.pid = 7, .cgroup = 9, .parent = 1, .name = trace_text_of<4>("new")});
  end(6, 7, 1);
  enqueue(7, 7);
  begin(8, 7);
  end(10, 7, 0);
  TraceReader trace = reader();
  const auto accounts = account(trace);
  ASSERT_TRUE(accounts);
  EXPECT_EQ(accounts->cgroups_ns, (std::map<std::string, std::uint64_t>{{"/old", 3 * kMs}, {"/new", 3 * kMs}}));
  TraceReader again = reader();
  const auto window = account(again, 3 * kMs, 9 * kMs);
  ASSERT_TRUE(window);
  EXPECT_EQ(window->cgroups_ns, (std::map<std::string, std::uint64_t>{{"/old", 2 * kMs}, {"/new", 2 * kMs}}));
}

}  // namespace
}  // namespace ktstr
