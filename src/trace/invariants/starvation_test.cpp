// SPDX-License-Identifier: Apache-2.0
#include "trace/testing/invariants_world.h"

namespace ktstr {
namespace {

class StarvationTest : public InvariantsWorld {
 protected:
  // 7 runs on CPU 0 in turns with a third, while 8 waits until 1000 ms; 51 keeps CPU 1 busy.
  void starve(const MadeTask& victim, const MadeTask& runs, std::uint64_t dsq = 0x5) {
    wake(0, {.pid = 51, .group = 6, .cgroup = 10}, 1);
    run(0, 51, 1);
    wake(0, runs, 0);
    wake(0, {.pid = 52, .sched_class = runs.sched_class, .group = 6, .cgroup = 10}, 0);
    run(0, runs.pid, 0);
    wake(1, victim, 0, dsq);
    for (std::uint64_t ms = 100; ms < 1000; ms += 100) {
      run(ms, 52, 0, runs.pid);
      run(ms + 10, runs.pid, 0, 52);
    }
    run(1000, victim.pid, 0, runs.pid);
    invariants_.end(1001 * kMs);
  }
};

TEST_F(StarvationTest, AWaitWhileAPeerRunsOnAndOnIsStarvation) {
  starve({.pid = 8}, {.pid = 7});
  const auto& found = result(Invariant::kStarvation);
  EXPECT_EQ(found.too_long, 1u);
  ASSERT_TRUE(found.worst);
  EXPECT_EQ(found.worst->pid, 8);
  EXPECT_EQ(found.worst->other, 7);
  EXPECT_EQ(found.worst->from_ns, 1 * kMs);
  EXPECT_EQ(found.worst->to_ns, 1000 * kMs);
  EXPECT_EQ(found.worst->amount, (999 - 9 * 10) * kMs);
  expect_holds(Invariant::kLostTask);
}

TEST_F(StarvationTest, NobodyIsStarvedByOneAboveIt) {
  starve({.pid = 8}, {.pid = 7, .nice = -1});
  expect_all_hold();
}

TEST_F(StarvationTest, NorByOneOfAnotherGroupOrPolicy) {
  starve({.pid = 8}, {.pid = 7, .group = 6});
  expect_all_hold();
}

TEST_F(StarvationTest, NorByOneOfAnotherCgroupOfItsGroup) {
  starve({.pid = 8}, {.pid = 7, .cgroup = 11});
  expect_all_hold();
}

TEST_F(StarvationTest, SchedIdleGivesWay) {
  starve({.pid = 8, .policy = 5}, {.pid = 7, .nice = 19});
  expect_all_hold();
}

TEST_F(StarvationTest, WhatRunsWhereTheTaskMayNotDoesNotCount) {
  starve({.pid = 8, .mask = 2}, {.pid = 7});
  expect_all_hold();
}

TEST_F(StarvationTest, OneOfALowerWeightStarvesToo) {
  starve({.pid = 8}, {.pid = 7, .nice = 5});
  EXPECT_FALSE(result(Invariant::kStarvation).holds());
}

TEST_F(StarvationTest, TurnsOfACrowdAreNoStarvation) {
  wake(0, {.pid = 51}, 1);
  run(0, 51, 1);
  for (std::int32_t pid = 100; pid < 300; ++pid) wake(0, {.pid = pid}, 0);
  std::int32_t last = 0;
  for (std::uint64_t ms = 0; ms < 3000; ms += 5) {
    const std::int32_t next = 100 + static_cast<std::int32_t>(ms / 5 % 200);
    run(ms, next, 0, last);
    last = next;
    if (ms % 20 == 0) {
      sleep(ms + 1, 51, 1);
      queue(ms + 1, {.pid = 51}, 1);
      run(ms + 2, 51, 1);
    }
  }
  EXPECT_FALSE(result(Invariant::kStarvation).holds()) << "51 runs all the time where all may run";
  EXPECT_EQ(result(Invariant::kStarvation).worst->other, 51);
}

TEST_F(StarvationTest, AQuotaStarvesNobody) {
  at(0, trace::Throttle{.cgroup = 9, .cpu = 0});
  starve({.pid = 8}, {.pid = 7});
  expect_all_hold();
}

// Behind a real-time task a task waits for as long as that runs, and what others do elsewhere is not compared.
TEST_F(StarvationTest, TimeOfAHigherClassDoesNotCount) {
  wake(0, {.pid = 60, .sched_class = kRealTimeClass, .policy = 1}, 0);
  run(0, 60, 0);
  wake(0, {.pid = 7}, 1);
  run(0, 7, 1);
  wake(0, {.pid = 8}, 0);
  sleep(900, 60, 0, 8);
  invariants_.end(1000 * kMs);
  expect_all_hold();
}

TEST_F(StarvationTest, OneThatIsInNoQueueIsLost) {
  starve({.pid = 8, .sched_class = kExtClass}, {.pid = 7, .sched_class = kExtClass}, 0);
  EXPECT_FALSE(result(Invariant::kLostTask).holds());
  EXPECT_EQ(result(Invariant::kLostTask).worst->pid, 8);
  expect_holds(Invariant::kStarvation);
}

// A BPF scheduler that enforces cpu.max itself keeps all tasks of a cgroup in its own queue, rightly.
TEST_F(StarvationTest, WhoIsLostIsComparedWithItsCgroup) {
  starve({.pid = 8, .sched_class = kExtClass, .group = 77}, {.pid = 7, .sched_class = kExtClass}, 0);
  EXPECT_FALSE(result(Invariant::kLostTask).holds()) << "of another of the kernel's groups";
}
TEST_F(StarvationTest, NotWithOthers) {
  starve({.pid = 8, .sched_class = kExtClass}, {.pid = 7, .sched_class = kExtClass, .cgroup = 11}, 0);
  expect_all_hold();
}

// In the queue of one CPU it waits for that one: what goes on elsewhere does not starve it.
TEST_F(StarvationTest, InACpusQueueOnlyThatCpuCounts) {
  for (const std::int32_t pid : {7, 9}) wake(0, {.pid = pid, .sched_class = kExtClass}, 0);
  wake(0, {.pid = 50, .sched_class = kExtClass}, 1);
  run(0, 50, 1);
  run(0, 7, 0);
  wake(0, {.pid = 8, .sched_class = kExtClass}, 0, kLocalDsq);
  for (std::uint64_t ms = 100; ms < 700; ms += 200) {
    run(ms, 9, 0, 7);
    run(ms + 100, 7, 0, 9);
  }
  run(700, 8, 0, 7);
  expect_holds(Invariant::kStarvation);
}

TEST_F(StarvationTest, OneThatIsPutIntoAQueueAtLastWasLostUntilThen) {
  wake(0, {.pid = 51, .sched_class = kExtClass}, 1);
  run(0, 51, 1);
  wake(0, {.pid = 7, .sched_class = kExtClass}, 0);
  run(0, 7, 0);
  wake(0, {.pid = 8, .sched_class = kExtClass}, 0, 0);
  at(700, trace::DsqInsert{.pid = 8, .dsq = 5});
  run(701, 8, 0, 7);
  EXPECT_EQ(result(Invariant::kLostTask).too_long, 1u);
  EXPECT_EQ(result(Invariant::kLostTask).worst->to_ns, 700 * kMs);
  expect_holds(Invariant::kStarvation);
}

}  // namespace
}  // namespace ktstr
