// SPDX-License-Identifier: Apache-2.0
#include "trace/testing/invariants_world.h"

namespace ktstr {
namespace {

class WeightsTest : public InvariantsWorld {
 protected:
  // Both on CPU 0 from 0 on; of each 10 ms the heavier runs `heavier_ms`.
  void share(const MadeTask& heavier, const MadeTask& lighter, std::uint64_t heavier_ms,
             std::uint64_t until_ms = 1100) {
    wake(0, heavier, 0);
    wake(0, lighter, 0);
    run(0, lighter.pid, 0);
    for (std::uint64_t ms = 10; ms < until_ms; ms += 10) {
      run(ms, heavier.pid, 0, lighter.pid);
      run(ms + heavier_ms, lighter.pid, 0, heavier.pid);
    }
    invariants_.end(until_ms * kMs);
  }
};

TEST_F(WeightsTest, TheHeavierDoesNotGetClearlyLess) {
  share({.pid = 7}, {.pid = 8, .nice = 5}, 2);
  const auto& found = result(Invariant::kWeightOrder);
  EXPECT_FALSE(found.holds());
  EXPECT_EQ(found.worst->pid, 7);
  EXPECT_EQ(found.worst->other, 8);
  EXPECT_NEAR(static_cast<double>(found.worst->own), 100e6, 5e6);
  EXPECT_NEAR(static_cast<double>(found.worst->amount), 400e6, 15e6);
}

TEST_F(WeightsTest, EqualIsFine) {
  share({.pid = 7}, {.pid = 8, .nice = 5}, 5);
  expect_holds(Invariant::kWeightOrder);
  EXPECT_GE(result(Invariant::kWeightOrder).compared, 2u);
}

TEST_F(WeightsTest, SoIsMore) {
  share({.pid = 7}, {.pid = 8, .policy = 5}, 9);
  expect_holds(Invariant::kWeightOrder);
}

TEST_F(WeightsTest, SchedIdleIsBelowAllNiceValues) {
  share({.pid = 7, .nice = 19}, {.pid = 8, .nice = -5, .policy = 5}, 2);
  EXPECT_FALSE(result(Invariant::kWeightOrder).holds());
}

TEST_F(WeightsTest, EqualWeightsAreNotCompared) {
  share({.pid = 7}, {.pid = 8}, 1);
  expect_holds(Invariant::kWeightOrder);
  EXPECT_EQ(result(Invariant::kWeightOrder).compared, 0u);
}

TEST_F(WeightsTest, NorAreThoseOfTwoGroupsOrMasks) {
  share({.pid = 7}, {.pid = 8, .nice = 5, .group = 6}, 1, 600);
  EXPECT_EQ(result(Invariant::kWeightOrder).compared, 0u);
}

TEST_F(WeightsTest, NorWhoMayUseOtherCpus) {
  share({.pid = 7}, {.pid = 8, .nice = 5, .mask = 1}, 1, 600);
  EXPECT_EQ(result(Invariant::kWeightOrder).compared, 0u);
}

TEST_F(WeightsTest, NorWhoseNiceValueHasChangedMeanwhile) {
  wake(0, {.pid = 7}, 0);
  wake(0, {.pid = 8, .nice = 5}, 0);
  run(0, 8, 0);
  at(300, trace::Dequeue{.pid = 7, .cpu = 0, .sched_class = kFairClass});
  queue(300, {.pid = 7, .nice = -5}, 0);
  run(700, 7, 0, 8);
  EXPECT_EQ(result(Invariant::kWeightOrder).compared, 0u);
}

// It has not wanted to run all the time.
TEST_F(WeightsTest, NorWhoSleeps) {
  wake(0, {.pid = 7}, 0);
  wake(0, {.pid = 8, .nice = 5}, 0);
  run(0, 8, 0);
  for (std::uint64_t ms = 10; ms < 1100; ms += 10) {
    run(ms, 7, 0, 8);
    sleep(ms + 1, 7, 0, 8);
    queue(ms + 8, {.pid = 7}, 0);
  }
  expect_holds(Invariant::kWeightOrder);
  EXPECT_EQ(result(Invariant::kWeightOrder).compared, 0u);
}

// The kernel's scheduler weighs what is on one CPU, and balances in its time.
TEST_F(WeightsTest, UnderTheKernelsSchedulerOneCpuIsCompared) {
  for (const std::int32_t pid : {7, 9}) wake(0, {.pid = pid}, 0);
  wake(0, {.pid = 8, .nice = 5}, 1);
  run(0, 8, 1);
  run(0, 7, 0);
  for (std::uint64_t ms = 10; ms < 1100; ms += 20) {
    run(ms, 9, 0, 7);
    run(ms + 10, 7, 0, 9);
  }
  expect_holds(Invariant::kWeightOrder);
}

// A queue of each CPU is balanced as late as the kernel's own.
TEST_F(WeightsTest, LikewiseUnderABpfScheduler) {
  for (const std::int32_t pid : {7, 9, 10}) wake(0, {.pid = pid, .sched_class = kExtClass}, 0);
  wake(0, {.pid = 8, .sched_class = kExtClass, .nice = 5}, 1);
  run(0, 8, 1);
  run(0, 7, 0);
  for (std::uint64_t ms = 10; ms < 1100; ms += 30) {
    run(ms, 9, 0, 7);
    run(ms + 10, 10, 0, 9);
    run(ms + 20, 7, 0, 10);
  }
  expect_holds(Invariant::kWeightOrder);
}

// It does not want to run all the time, whatever it says.
TEST_F(WeightsTest, WhoYieldsAgainAndAgainIsNotCompared) {
  wake(0, {.pid = 7}, 0);
  wake(0, {.pid = 8, .nice = 5}, 0);
  run(0, 8, 0);
  for (std::uint64_t us = 10'000; us < 1'100'000; us += 10'000) {
    invariants_.add(make_event(us * 1000, 0, trace::Switch{.prev = 8, .prev_on_rq = 1, .next = 7}));
    invariants_.add(make_event((us + 300) * 1000, 0, trace::Switch{.prev = 7, .prev_on_rq = 1, .next = 8}));
  }
  invariants_.end(1100 * kMs);
  expect_holds(Invariant::kWeightOrder);
  EXPECT_EQ(result(Invariant::kWeightOrder).compared, 0u);
}

// Nice 5 is a weight of 335 beside 1024: 75 % and 25 %.
TEST_F(WeightsTest, WhoGetsWhatItsWeightEntitlesItToIsFine) {
  share({.pid = 7}, {.pid = 8, .nice = 5}, 7);
  expect_holds(Invariant::kWeightShare);
  EXPECT_EQ(result(Invariant::kWeightShare).compared, 2u);
}

TEST_F(WeightsTest, WhoGetsLessIsABreach) {
  share({.pid = 7}, {.pid = 8, .nice = 5}, 5);
  expect_holds(Invariant::kWeightOrder);
  const auto& found = result(Invariant::kWeightShare);
  ASSERT_FALSE(found.holds());
  EXPECT_EQ(found.worst->pid, 7);
  EXPECT_EQ(found.worst->other, 8);
  EXPECT_NEAR(static_cast<double>(found.worst->own), 250e6, 6e6);
  EXPECT_NEAR(static_cast<double>(found.worst->amount), 127e6, 6e6);
}

TEST_F(WeightsTest, SoIsOneWhoTakesALittleFromMany) {
  for (std::int32_t pid = 7; pid < 15; ++pid) wake(0, {.pid = pid}, 0);
  run(0, 14, 0);
  for (std::uint64_t ms = 2, pid = 14, last = 14; ms < 600; last = pid) {
    pid = last == 7 ? 8 + ms / 2 % 7 : 7;
    run(ms, static_cast<std::int32_t>(pid), 0, static_cast<std::int32_t>(last));
    ms += pid == 7 ? 4 : 6;
  }
  const auto& found = result(Invariant::kWeightShare);
  ASSERT_FALSE(found.holds());
  EXPECT_EQ(found.worst->other, 7);
  EXPECT_FALSE(found.worst->is_below);
}

TEST_F(WeightsTest, AYieldIsTheTasksOwnDoing) {
  wake(0, {.pid = 7}, 0);
  wake(0, {.pid = 8, .nice = 5}, 0);
  run(0, 8, 0);
  for (std::uint64_t ms = 10; ms < 1100; ms += 10) {
    run(ms, 7, 0, 8);
    at(ms + 5, trace::Yield{});
    run(ms + 5, 8, 0, 7);
  }
  expect_holds(Invariant::kWeightShare);
  EXPECT_EQ(result(Invariant::kWeightShare).compared, 0u);
}

// 70 ms a turn, of which the window has an odd one.
TEST_F(WeightsTest, TheTurnsAtItsEndsMayBeOff) {
  wake(0, {.pid = 7}, 0);
  wake(0, {.pid = 8}, 0);
  run(0, 8, 0);
  for (std::uint64_t ms = 70; ms < 1100; ms += 140) {
    run(ms, 7, 0, 8);
    at(ms + 30, trace::Switch{.prev = 7, .prev_on_rq = 1, .next = 3});  // a class above
    at(ms + 31, trace::Switch{.prev = 3, .prev_state = 1, .prev_on_rq = 0, .next = 7});
    run(ms + 70, 8, 0, 7);
  }
  expect_holds(Invariant::kWeightShare);
  EXPECT_EQ(result(Invariant::kWeightShare).compared, 2u);
}

// Somebody of a class above had the rest.
TEST_F(WeightsTest, OfLittleTimeSharesAreNotJudged) {
  wake(0, {.pid = 7}, 0);
  wake(0, {.pid = 8}, 0);
  wake(0, {.pid = 3, .sched_class = kRealTimeClass}, 0);
  run(0, 7, 0);
  run(200, 3, 0, 7);
  run(1100, 8, 0, 3);
  EXPECT_EQ(result(Invariant::kWeightShare).compared, 0u);
}

class WeightsOfLongSlices : public InvariantsWorld {
 protected:
  WeightsOfLongSlices() : InvariantsWorld({.weight_slice_ns = 200 * kMs}) {}
};

// In 500 ms such slices make two turns of one task and one of another, in 2 s about as many of each.
TEST_F(WeightsOfLongSlices, TheWindowFitsThem) {
  wake(0, {.pid = 7, .sched_class = kExtClass}, 0);
  wake(0, {.pid = 8, .sched_class = kExtClass, .nice = 5}, 0);
  run(0, 8, 0);
  for (std::uint64_t ms = 190; ms < 2300; ms += 380) {
    run(ms, 7, 0, 8);
    run(ms + 190, 8, 0, 7);
  }
  expect_holds(Invariant::kWeightOrder);
  EXPECT_EQ(result(Invariant::kWeightOrder).compared, 1u);
}

}  // namespace
}  // namespace ktstr
