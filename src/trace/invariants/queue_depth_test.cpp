// SPDX-License-Identifier: Apache-2.0
#include "trace/invariants/queue_depth.h"

#include "trace/testing/invariants_world.h"

namespace ktstr {
namespace {

class QueueDepthTest : public InvariantsWorld {
 protected:
  QueueDepthTest() : InvariantsWorld({.queue_depth = 2}) {}
  void put(std::uint64_t ms, std::int32_t pid, std::uint64_t dsq, std::uint32_t cpu = 0) {
    wake(ms, {.pid = pid, .sched_class = kExtClass}, cpu, dsq);
  }
  const InvariantResult& found() { return result(Invariant::kQueueDepth); }
};

TEST_F(QueueDepthTest, FindsTheQueueAndItsDepth) {
  for (std::int32_t pid = 1; pid <= 4; ++pid) put(10 * static_cast<std::uint64_t>(pid), pid, 7);
  run(50, 1, 0);
  run(60, 2, 1);
  invariants_.end(100 * kMs);
  ASSERT_EQ(found().too_long, 1u);
  const Breach& worst = *found().worst;
  EXPECT_EQ(worst.group, 7u);
  EXPECT_EQ(worst.amount, 4u);
  EXPECT_EQ(worst.pid, 4);
  EXPECT_EQ(worst.from_ns, 30 * kMs);
  EXPECT_EQ(worst.to_ns, 60 * kMs);
}

TEST_F(QueueDepthTest, WhatStaysWithinItIsSound) {
  put(0, 1, 7);
  put(0, 2, 7);
  put(0, 3, 8);
  put(0, 4, 8);
  run(10, 1, 0);
  put(20, 5, 7);
  invariants_.end(100 * kMs);
  EXPECT_TRUE(found().holds());
  EXPECT_EQ(found().worst->amount, 2u);
  EXPECT_EQ(found().seen, 2u);
}

TEST_F(QueueDepthTest, EachCpuHasALocalQueueOfItsOwn) {
  put(0, 1, kLocalDsq, 0);
  put(0, 2, kLocalDsq, 0);
  put(0, 3, kLocalDsq, 1);
  put(0, 4, kBuiltInDsq | kLocalOnDsq | 1, 0);
  EXPECT_TRUE(found().holds());
  put(5, 5, kBuiltInDsq | kLocalOnDsq | 1, 0);
  invariants_.end(100 * kMs);
  ASSERT_EQ(found().too_long, 1u);
  EXPECT_EQ(found().worst->group, kBuiltInDsq | kLocalOnDsq | 1);
  EXPECT_EQ(found().worst->amount, 3u);
}

TEST_F(QueueDepthTest, ATaskIsWhereItWasPutLast) {
  put(0, 1, 7);
  put(0, 2, 7);
  at(10, trace::DsqInsert{.pid = 1, .dsq = 8});
  put(20, 3, 7);
  run(30, 2, 0);
  run(40, 3, 0, 2);  // 2 is preempted, and put nowhere
  put(50, 4, 7);
  put(50, 5, 7);
  invariants_.end(100 * kMs);
  EXPECT_TRUE(found().holds());
}

TEST_F(QueueDepthTest, ATaskThatIsMovedIsInTheOtherQueue) {
  for (std::int32_t pid = 1; pid <= 3; ++pid) {
    put(10 * static_cast<std::uint64_t>(pid), pid, 7);
    at(10 * static_cast<std::uint64_t>(pid) + 5, trace::DsqMove{.pid = pid, .dsq = 8});
  }
  run(50, 4, 0);
  at(50, trace::DsqMove{.pid = 4, .dsq = 8});  // it has left, and is not moved
  invariants_.end(100 * kMs);
  ASSERT_EQ(found().too_long, 1u);
  EXPECT_EQ(found().worst->group, 8u);
  EXPECT_EQ(found().worst->amount, 3u);
}

// Its affinity, nice value or policy is set: the scheduler is asked for a queue anew.
TEST_F(QueueDepthTest, OneThatIsTakenOffForAChangeIsInNoneUntilItIsPutSomewhere) {
  for (std::int32_t pid = 1; pid <= 4; ++pid) {
    put(10, pid, 7);
    at(20, trace::Dequeue{.pid = pid, .cpu = 0, .sched_class = kExtClass, .flags = 2});
    queue(20, {.pid = pid, .sched_class = kExtClass}, 0);
  }
  invariants_.end(100 * kMs);
  EXPECT_TRUE(found().holds());
  EXPECT_EQ(found().worst->amount, 1u);
}

TEST_F(QueueDepthTest, OneOfAnotherClassIsInNone) {
  put(0, 1, 7);
  put(0, 2, 7);
  put(0, 3, 7);
  queue(10, {.pid = 3}, 0);
  queue(10, {.pid = 2}, 0);
  invariants_.end(100 * kMs);
  ASSERT_EQ(found().too_long, 1u);
  EXPECT_EQ(found().worst->to_ns, 10 * kMs);
}

}  // namespace
}  // namespace ktstr
