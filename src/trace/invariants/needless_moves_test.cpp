// SPDX-License-Identifier: Apache-2.0
#include "trace/testing/invariants_world.h"

namespace ktstr {
namespace {

class NeedlessMovesTest : public InvariantsWorld {
 protected:
  // Task 7 runs for 400 ms and goes to the other CPU, which is free, every 4 ms.
  void go_to_and_fro(std::uint32_t sched_class) {
    wake(0, {.pid = 7, .sched_class = sched_class}, 0);
    std::uint16_t cpu = 0;
    run(0, 7, 0);
    for (std::uint64_t ms = 4; ms <= 400; ms += 4) {
      run(ms, 0, cpu, 7);
      cpu = cpu == 0 ? 1 : 0;
      run(ms, 7, cpu);
    }
  }
};

TEST_F(NeedlessMovesTest, OneThatIsMovedOffFreeCpusAllTheTimePlaysPingPong) {
  go_to_and_fro(kExtClass);
  const auto& found = result(Invariant::kPingPong);
  EXPECT_FALSE(found.holds());
  EXPECT_EQ(found.worst->pid, 7);
  EXPECT_EQ(found.worst->amount, 250u) << "50 moves in 200 ms";
}

// The kernel gives all CPUs to the earliest deadlines.
TEST_F(NeedlessMovesTest, ADeadlineTaskMayMove) {
  go_to_and_fro(kDeadlineClass);
  expect_holds(Invariant::kPingPong);
}

// Two that take turns on two CPUs with a third.
TEST_F(NeedlessMovesTest, WhoseCpuWentToAnotherMayMove) {
  for (const std::int32_t pid : {7, 8, 9}) wake(0, {.pid = pid, .sched_class = kExtClass}, 0);
  run(0, 7, 0);
  run(0, 8, 1);
  std::array<std::int32_t, 2> on = {7, 8};
  std::int32_t free = 9;
  for (std::uint64_t ms = 1; ms < 1000; ++ms) {
    const std::size_t cpu = ms % 2;
    run(ms, free, static_cast<std::uint16_t>(cpu), on[cpu]);
    std::swap(free, on[cpu]);
  }
  invariants_.end(1000 * kMs);
  expect_holds(Invariant::kPingPong);
  EXPECT_EQ(result(Invariant::kPingPong).seen, 0u);
}

TEST_F(NeedlessMovesTest, OneThatYieldsMayGoOnAnywhere) {
  wake(0, {.pid = 7, .sched_class = kExtClass}, 0);
  std::uint16_t cpu = 0;
  run(0, 7, 0);
  for (std::uint64_t i = 1; i <= 2000; ++i) {
    const std::uint64_t ns = i * 200'000;
    invariants_.add(make_event(ns, cpu, trace::Switch{.prev = 7, .prev_on_rq = 1, .next = 0}));
    cpu = cpu == 0 ? 1 : 0;
    invariants_.add(make_event(ns, cpu, trace::Switch{.prev = 0, .prev_on_rq = 1, .next = 7}));
  }
  expect_holds(Invariant::kPingPong);
}

TEST_F(NeedlessMovesTest, WhereItWakesUpIsNoMove) {
  wake(0, {.pid = 7}, 0);
  for (std::uint64_t ms = 0; ms < 1000; ms += 2) {
    const auto cpu = static_cast<std::uint16_t>(ms / 2 % 2);
    run(ms, 7, cpu);
    sleep(ms + 1, 7, cpu);
    queue(ms + 2, {.pid = 7}, cpu == 0 ? 1 : 0);
  }
  invariants_.end(1000 * kMs);
  expect_holds(Invariant::kPingPong);
}

}  // namespace
}  // namespace ktstr
