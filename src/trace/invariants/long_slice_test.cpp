// SPDX-License-Identifier: Apache-2.0
#include "trace/testing/invariants_world.h"

namespace ktstr {
namespace {

class LongSliceTest : public InvariantsWorld {};

TEST_F(LongSliceTest, OneThatKeepsTheCpuFromItsQueueHasTooLongASlice) {
  wake(0, {.pid = 51}, 1);
  run(0, 51, 1);
  wake(0, {.pid = 7}, 0);
  run(10, 7, 0);
  wake(50, {.pid = 8}, 0);
  run(270, 8, 0, 7);
  const auto& found = result(Invariant::kMaxSlice);
  EXPECT_EQ(found.too_long, 1u);
  EXPECT_EQ(found.worst->pid, 8);
  EXPECT_EQ(found.worst->other, 7);
  EXPECT_EQ(found.worst->length_ns(), 220 * kMs);
}

TEST_F(LongSliceTest, OneThatIsPulledAwayInTimeWaitedForNothing) {
  wake(0, {.pid = 7}, 0);
  run(0, 7, 0);
  wake(0, {.pid = 8}, 0);
  at(150, trace::Dequeue{.pid = 8, .cpu = 0, .sched_class = kFairClass});
  queue(150, {.pid = 8}, 1);
  at(300, trace::Dequeue{.pid = 8, .cpu = 1, .sched_class = kFairClass});
  queue(300, {.pid = 8}, 0);
  run(450, 8, 0, 7);
  expect_holds(Invariant::kMaxSlice);
}

TEST_F(LongSliceTest, AMomentOfAHigherClassIsNoEndOfATurn) {
  wake(0, {.pid = 7}, 0);
  run(0, 7, 0);
  wake(0, {.pid = 8}, 0);
  for (std::uint64_t ms = 100; ms <= 300; ms += 100) {
    wake(ms, {.pid = 50, .sched_class = kRealTimeClass, .policy = 1}, 0);
    run(ms, 50, 0, 7);
    sleep(ms + 1, 50, 0, 7);
  }
  run(400, 8, 0, 7);
  EXPECT_EQ(result(Invariant::kMaxSlice).too_long, 1u);
  EXPECT_EQ(result(Invariant::kMaxSlice).worst->other, 7);
  EXPECT_EQ(result(Invariant::kMaxSlice).worst->length_ns(), 400 * kMs);
}

TEST_F(LongSliceTest, ATurnThatEndsWithItsTaskIsOneToo) {
  wake(0, {.pid = 7}, 0);
  run(0, 7, 0);
  wake(0, {.pid = 8}, 0);
  at(400, trace::Switch{.prev = 7, .prev_state = 128, .prev_on_rq = 0, .next = 0});
  EXPECT_EQ(result(Invariant::kMaxSlice).too_long, 1u);
  EXPECT_EQ(result(Invariant::kMaxSlice).worst->length_ns(), 400 * kMs);
}

TEST_F(LongSliceTest, ARealTimeHogIs) {
  wake(0, {.pid = 7}, 0);
  run(0, 7, 0);
  wake(0, {.pid = 8}, 0);
  wake(100, {.pid = 50, .sched_class = kRealTimeClass, .policy = 1}, 0);
  run(100, 50, 0, 7);
  sleep(300, 50, 0, 7);
  run(400, 8, 0, 7);
  expect_holds(Invariant::kMaxSlice);
}

// In a queue of the scheduler's own it waits for any CPU; in a CPU's own, or with one CPU that it may use, for that
// one.
TEST_F(LongSliceTest, UnderABpfSchedulerTheQueueSaysWhichCpuIsWaitedFor) {
  wake(0, {.pid = 7, .sched_class = kExtClass}, 0);
  run(0, 7, 0);
  wake(0, {.pid = 8, .sched_class = kExtClass}, 0);
  wake(0, {.pid = 9, .sched_class = kExtClass}, 0, kLocalDsq);
  run(250, 8, 0, 7);
  EXPECT_EQ(result(Invariant::kMaxSlice).too_long, 1u);
  EXPECT_EQ(result(Invariant::kMaxSlice).worst->pid, 9);
  wake(260, {.pid = 10, .sched_class = kExtClass, .mask = 0xdead00000001}, 0);  // there are two CPUs
  run(600, 10, 0, 8);
  EXPECT_EQ(result(Invariant::kMaxSlice).worst->pid, 9) << "7 ran for 250 ms, 8 for 350, of which 9 waited all";
  EXPECT_EQ(result(Invariant::kMaxSlice).too_long, 3u);
}

TEST_F(LongSliceTest, AFifoTaskHasNoSlice) {
  wake(0, {.pid = 7, .sched_class = kRealTimeClass, .policy = 1}, 0);
  run(0, 7, 0);
  wake(0, {.pid = 8, .sched_class = kRealTimeClass, .policy = 1}, 0);
  wake(0, {.pid = 9}, 0);
  run(5000, 8, 0, 7);
  invariants_.end(6000 * kMs);
  expect_all_hold();
}

}  // namespace
}  // namespace ktstr
