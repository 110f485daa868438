// SPDX-License-Identifier: Apache-2.0
#include "ktstr/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ktstr {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

TEST(Checks, AreAllOnUnlessSaidOtherwise) {
  EXPECT_THAT(
      Checks{}.describe(),
      ElementsAre("progress: every worker does at least one work unit", "gap: no worker away for more than 2000 ms",
                  "spread: off-CPU shares of equal workers differ by no more than 35%",
                  "isolation: no worker runs outside its cpuset",
                  "end: every worker and every cgroup is gone when it is ended", "died: no worker ends by itself",
                  "scheduler: attached from the start to the end", "scheduler_used: the scheduler runs the workers",
                  "kernel_log: no oops, warning, stall or new taint of the kernel"));
}

TEST(Checks, DescribeOnlyWhatIsOn) {
  const Checks checks{.progress = false,
                      .isolation = false,
                      .scheduler_attached = false,
                      .scheduler_used = false,
                      .kernel_log = false,
                      .gap_off = true,
                      .spread_off = true};
  EXPECT_THAT(checks.describe(), ElementsAre("end: every worker and every cgroup is gone when it is ended",
                                             "died: no worker ends by itself"));
}

TEST(Checks, DescribeTheLimitsThatTheRecorderJudges) {
  const Checks checks{.max_idle = 50ms, .max_wait = 500ms};
  EXPECT_THAT(
      checks.describe(),
      testing::IsSupersetOf({"work_conservation: no CPU idle for more than 50 ms while a task waits that may run there",
                             "wait_age: no task waits for a CPU for more than 500 ms"}));
  const Checks more{.max_starved = 300ms, .max_slice = 50ms, .max_moves = 20};
  EXPECT_THAT(
      more.describe(),
      testing::IsSupersetOf({"starvation: no task waits while one that is not above it runs for more than 300 ms",
                             "max_slice: no task keeps a CPU for more than 50 ms from one that waits for it",
                             "ping_pong: no task is moved without need more than 20 times a second of its run time"}));
  EXPECT_EQ(more.merged_with({.max_moves = 0}).max_slice, 50ms);
  EXPECT_EQ(more.merged_with({.max_moves = 0}).moves_limit(), 0);
  EXPECT_FALSE(more.merged_with({.weight_order = false}).weight_order_on(true));
  EXPECT_FALSE(more.merged_with({.weight_share = false}).weight_share_on(true));
  EXPECT_TRUE(more.merged_with({.bandwidth = true}).bandwidth_on(false));
  EXPECT_FALSE(more.bandwidth_on(false));
  const Checks deep = more.merged_with({.max_queue_depth = 8});
  EXPECT_THAT(deep.describe(), testing::Contains("queue_depth: no queue of a BPF scheduler holds more than 8 tasks"));
  EXPECT_EQ(deep.merged_with({.max_queue_depth = 0}).queue_limit(), 0);
  const Checks off{.max_idle = 0ms, .max_wait = 0ms, .max_starved = 0ms, .max_slice = 0ms, .max_moves = 0};
  EXPECT_EQ(off.describe(), Checks{}.describe());
  EXPECT_EQ(checks.merged_with(off).max_idle, 0ms);
  EXPECT_EQ(checks.merged_with({}).max_wait, 500ms);
}

TEST(ChecksMergedWith, LetsTheLaterLayerWinFieldByField) {
  const Checks base{.progress = false, .max_gap = 100ms, .max_spread_pct = 10};
  const Checks merged = base.merged_with({.max_gap = 300ms, .isolation = false});
  EXPECT_FALSE(merged.progress_on());
  EXPECT_EQ(merged.gap_limit(), 300ms);
  EXPECT_EQ(merged.spread_limit(), 10);
  EXPECT_FALSE(merged.isolation_on());
  EXPECT_TRUE(merged.scheduler_attached_on());
  EXPECT_TRUE(base.merged_with({.progress = true}).progress_on());
}

TEST(ChecksMergedWith, SwitchesALimitOffAndASetLimitSwitchesItOnAgain) {
  const Checks off = Checks{}.merged_with({.gap_off = true, .spread_off = true});
  EXPECT_TRUE(off.gap_off && off.spread_off);
  EXPECT_TRUE(off.merged_with({}).gap_off) << "silence changes nothing";
  const Checks on = off.merged_with({.max_gap = 100ms, .max_spread_pct = 5});
  EXPECT_FALSE(on.gap_off || on.spread_off);
}

}  // namespace
}  // namespace ktstr
