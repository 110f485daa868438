// SPDX-License-Identifier: Apache-2.0
#include "trace/invariants/bandwidth.h"

#include "trace/testing/invariants_world.h"

namespace ktstr {
namespace {

// Of a cgroup with 10 ms in 100 ms.
class BandwidthTest : public InvariantsWorld {
 protected:
  explicit BandwidthTest(const InvariantLimits& limits = {}) : InvariantsWorld(limits) {}
  void quota(std::uint64_t ms, std::uint64_t cgroup, std::uint64_t quota_ms, std::uint64_t burst_ms = 0) {
    at(ms, trace::Quota{
               .cgroup = cgroup, .period = 100'000, .quota = quota_ms * 1000, .burst = burst_ms * 1000, .unit = 1000});
  }
  void keep_off(std::uint64_t ms, std::int32_t pid, std::uint64_t cgroup = 9) {
    at(ms, trace::Throttle{.cgroup = cgroup, .cpu = 0});
    run(ms, 0, 0, pid);
  }
  void let_run(std::uint64_t ms, std::int32_t pid, std::uint64_t cgroup = 9) {
    at(ms, trace::Unthrottle{.cgroup = cgroup, .cpu = 0});
    run(ms, pid, 0);
  }
  const InvariantResult& found() { return result(Invariant::kBandwidth); }
  const MadeTask task_{.pid = 1};
};

TEST_F(BandwidthTest, FindsACgroupThatRunsOn) {
  quota(0, 9, 10);
  wake(10, task_, 0);
  run(10, 1, 0);
  invariants_.end(510 * kMs);
  ASSERT_EQ(found().too_long, 1u);
  const Breach& worst = *found().worst;
  EXPECT_EQ(worst.pid, 1);
  EXPECT_EQ(worst.group, 9u);
  EXPECT_EQ(worst.from_ns, 10 * kMs);
  EXPECT_EQ(worst.to_ns, 510 * kMs);
  EXPECT_EQ(worst.own, 500 * kMs);
  EXPECT_EQ(worst.amount, 450 * kMs);
  EXPECT_FALSE(worst.is_below);
  EXPECT_EQ(found().compared, 1u);
}

TEST_F(BandwidthTest, OneThatIsKeptOffInTimeIsSound) {
  quota(0, 9, 10);
  wake(0, task_, 0);
  run(0, 1, 0);
  for (std::uint64_t at_ms = 0; at_ms < 3000; at_ms += 100) {
    keep_off(at_ms + 10, 1);
    let_run(at_ms + 100, 1);
  }
  invariants_.end(3000 * kMs);
  EXPECT_TRUE(found().holds());
  EXPECT_EQ(found().compared, 1u);
}

// The kernel notices late that the quota is used up, and takes what was too much from the next ones.
TEST_F(BandwidthTest, WhatIsPaidBackIsSound) {
  quota(0, 9, 1);
  wake(0, task_, 0);
  run(0, 1, 0);
  for (std::uint64_t at_ms = 0; at_ms < 9000; at_ms += 1000) {
    keep_off(at_ms + 10, 1);
    let_run(at_ms + 1000, 1);
  }
  invariants_.end(9000 * kMs);
  EXPECT_TRUE(found().holds());
}

// As a long read(2) does where the kernel takes a task off at its return to user space.
TEST_F(BandwidthTest, ASystemCallMayEndFirstAndIsPaidAfterwards) {
  quota(0, 9, 10);
  wake(0, task_, 0);
  run(0, 1, 0);
  at(10, trace::Throttle{.cgroup = 9, .cpu = 0});
  run(110, 0, 0, 1);
  let_run(1100, 1);
  keep_off(1110, 1);
  invariants_.end(1200 * kMs);
  EXPECT_TRUE(found().holds());
  EXPECT_EQ(found().compared, 1u);
}

TEST_F(BandwidthTest, WhoRunsAgainBeforeItHasPaidIsABreach) {
  quota(0, 9, 10);
  wake(0, task_, 0);
  run(0, 1, 0);
  at(10, trace::Throttle{.cgroup = 9, .cpu = 0});
  run(110, 0, 0, 1);
  let_run(120, 1);
  keep_off(130, 1);
  invariants_.end(1200 * kMs);
  ASSERT_FALSE(found().holds());
  EXPECT_EQ(found().worst->own, 110 * kMs);
}

TEST_F(BandwidthTest, NoSystemCallTakesThatLong) {
  quota(0, 9, 10);
  wake(0, task_, 0);
  run(0, 1, 0);
  at(10, trace::Throttle{.cgroup = 9, .cpu = 0});
  for (std::uint64_t ms = 100; ms <= 1900; ms += 100) {
    run(ms, 2, 0, 1);
    run(ms + 1, 1, 0, 2);
  }
  invariants_.end(1900 * kMs);
  EXPECT_FALSE(found().holds());
}

TEST_F(BandwidthTest, WhatWasSavedForABurstMayBeUsed) {
  quota(0, 9, 50, 40);
  wake(0, task_, 0);
  run(0, 1, 0);
  keep_off(180, 1);
  invariants_.end(300 * kMs);
  EXPECT_TRUE(found().holds());
}

TEST_F(BandwidthTest, FindsOneThatIsKeptOffWithoutHavingHadIt) {
  quota(0, 9, 10);
  wake(0, task_, 0);
  run(0, 1, 0);
  keep_off(10, 1);
  invariants_.end(1500 * kMs);
  ASSERT_EQ(found().too_long, 1u);
  EXPECT_TRUE(found().worst->is_below);
  EXPECT_EQ(found().worst->pid, 1);
  EXPECT_EQ(found().worst->from_ns, 100 * kMs) << "until then it paid for what it had";
  EXPECT_EQ(found().worst->own, 0u);
  EXPECT_EQ(found().worst->amount, 140 * kMs);
}

TEST_F(BandwidthTest, OneThatOthersKeepOffIsNotBelowItsQuota) {
  quota(0, 9, 50);
  wake(0, task_, 0);
  wake(0, {.pid = 2, .cgroup = 8}, 0);
  run(0, 2, 0);
  invariants_.end(5000 * kMs);
  EXPECT_TRUE(found().holds());
}

TEST_F(BandwidthTest, OneThatAQuotaAboveKeepsOffIsNotBelowItsOwn) {
  at(0, trace::CgroupSeen{.cgroup = 9, .parent = 7});
  quota(0, 7, 10);
  quota(0, 9, 50);
  wake(0, task_, 0);
  run(0, 1, 0);
  keep_off(10, 1, 7);
  invariants_.end(5000 * kMs);
  EXPECT_TRUE(found().holds());
}

TEST_F(BandwidthTest, WhatIsBelowACgroupCounts) {
  at(0, trace::CgroupSeen{.cgroup = 9, .parent = 8});
  at(0, trace::CgroupSeen{.cgroup = 8, .parent = 7});
  quota(0, 7, 10);
  wake(0, task_, 0);
  run(0, 1, 0);
  invariants_.end(500 * kMs);
  ASSERT_EQ(found().too_long, 1u);
  EXPECT_EQ(found().worst->group, 7u);
}

TEST_F(BandwidthTest, ItIsWhatAllCpusRunTogether) {
  quota(0, 9, 100);  // one CPU
  wake(0, task_, 0);
  wake(0, {.pid = 2}, 1);
  run(0, 1, 0);
  invariants_.add(make_event(0, 1, trace::Switch{.prev = 0, .next = 2}));
  run(700, 0, 0, 1);
  EXPECT_TRUE(found().holds());
  invariants_.end(900 * kMs);
  ASSERT_EQ(found().too_long, 1u);
  EXPECT_EQ(found().worst->own, 1400 * kMs);
}

TEST_F(BandwidthTest, ATaskThatMovesAwayIsNotCounted) {
  quota(0, 9, 10);
  wake(0, task_, 0);
  run(0, 1, 0);
  at(20, trace::CgroupMove{.pid = 1, .cgroup = 8});
  invariants_.end(900 * kMs);
  EXPECT_TRUE(found().holds());
}

TEST_F(BandwidthTest, AQuotaCanComeAndGo) {
  wake(0, task_, 0);
  run(0, 1, 0);
  quota(500, 9, 10);
  at(520, trace::Quota{.cgroup = 9, .period = 100'000, .quota = UINT64_MAX, .unit = 1000});
  invariants_.end(2000 * kMs);
  EXPECT_TRUE(found().holds());
}

TEST_F(BandwidthTest, WhatTheKernelRefusesIsNoQuota) {
  wake(0, task_, 0);
  run(0, 1, 0);
  at(0, trace::Quota{.cgroup = 9, .period = 100'000, .quota = 999, .unit = 1000});
  at(0, trace::Quota{.cgroup = 9, .period = 10, .quota = 10'000, .unit = 1000});
  at(0, trace::Quota{.cgroup = 9, .period = 100'000, .quota = 10'000, .burst = 20'000, .unit = 1000});
  at(0, trace::Quota{.cgroup = 9, .period = 2'000'000, .quota = 10'000, .unit = 1000});
  at(0, trace::Quota{.cgroup = 9, .period = UINT64_MAX / 2, .quota = 10'000, .unit = 1000});
  at(0, trace::Quota{.cgroup = 9});
  invariants_.end(2000 * kMs);
  EXPECT_TRUE(found().holds());
  EXPECT_EQ(found().compared, 0u);
}

TEST_F(BandwidthTest, TheKernelDoesNotBindOtherClasses) {
  quota(0, 9, 10);
  wake(0, {.pid = 1, .sched_class = kExtClass}, 0);
  run(0, 1, 0);
  wake(0, {.pid = 2, .sched_class = kRealTimeClass}, 1);
  invariants_.add(make_event(0, 1, trace::Switch{.prev = 0, .next = 2}));
  invariants_.end(2000 * kMs);
  EXPECT_TRUE(found().holds());
}

class BandwidthOfExt : public BandwidthTest {
 protected:
  BandwidthOfExt() : BandwidthTest({.bandwidth_of_ext = true}) {}
};

TEST_F(BandwidthOfExt, BindsThoseOfABpfScheduler) {
  quota(0, 9, 10);
  wake(0, {.pid = 1, .sched_class = kExtClass}, 0);
  run(0, 1, 0);
  invariants_.end(2000 * kMs);
  EXPECT_FALSE(found().holds());
}

TEST_F(BandwidthTest, OnlyTheBodyIsJudged) {
  Invariants later({});
  later.add(make_event(0, 0, trace::CpuSeen{.cpu = 0, .current = 0}));
  later.add(make_event(0, 0, trace::Quota{.cgroup = 9, .period = 100'000, .quota = 10'000, .unit = 1000}));
  later.add(make_event(0, 0, trace::Fork{.pid = 1, .tgid = 1, .cgroup = 9, .mask = {3}}));
  later.add(make_event(0, 0, trace::Enqueue{.pid = 1, .cpu = 0, .sched_class = kFairClass}));
  later.add(make_event(0, 0, trace::Switch{.prev = 0, .next = 1}));
  later.begin(900 * kMs);
  later.add(make_event(910 * kMs, 0, trace::Switch{.prev = 1, .prev_state = 1, .next = 0}));
  later.end(2000 * kMs);
  EXPECT_TRUE(later.results()[static_cast<std::size_t>(Invariant::kBandwidth)].holds());
}

}  // namespace
}  // namespace ktstr
