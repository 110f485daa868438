// SPDX-License-Identifier: Apache-2.0
#include "workload/worker_report.h"

#include <gtest/gtest.h>

#include <memory>

namespace ktstr {
namespace {

TEST(OffCpuPct, LeavesOutTheSleepThatWasAskedFor) {
  WorkerReport report;
  report.wall_time_ns = 1000;
  report.cpu_time_ns = 300;
  EXPECT_DOUBLE_EQ(report.off_cpu_pct(), 70);
  report.sleep_ns = 400;
  EXPECT_DOUBLE_EQ(report.off_cpu_pct(), 50);
}

TEST(OffCpuPct, StaysWithin0To100) {
  WorkerReport report;
  EXPECT_EQ(report.off_cpu_pct(), 0);
  report.wall_time_ns = 1000;
  EXPECT_EQ(report.off_cpu_pct(), 100);
  report.cpu_time_ns = 1001;
  EXPECT_EQ(report.off_cpu_pct(), 0);
  report.cpu_time_ns = 0;
  report.sleep_ns = 1001;
  EXPECT_EQ(report.off_cpu_pct(), 0);
}

TEST(WorkerReport, SaysWhoItIsAndHowItEnded) {
  WorkerReport report;
  report.index = 3;
  report.pid = 17;
  EXPECT_EQ(report.name(), "worker 3 outside of the cgroups");
  EXPECT_EQ(report.end(), "");
  report.cgroup = "cg_0";
  report.responded = false;
  EXPECT_EQ(report.name(), "worker 3 of cg_0");
  EXPECT_EQ(report.task(), "worker 3 (pid 17)");
  EXPECT_EQ(report.end(), "did not stop when told to");
  report.gone = false;
  EXPECT_EQ(report.end(), "did not end");
  report.exit = "exited with 1";
  EXPECT_EQ(report.end(), "exited with 1");
}

TEST(WorkerReport, KnowsWhenItsLongestGapWas) {
  WorkerReport report;
  report.started_ns = 100;
  report.wall_time_ns = 50;
  report.max_gap_ns = 30;
  report.max_gap_at_ns = 40;
  EXPECT_EQ(report.max_gap_began_ns(), 110u);
  EXPECT_EQ(report.max_gap_ended_ns(), 140u);
  report.max_gap_ns = 1000;  // a guest may say anything
  EXPECT_EQ(report.max_gap_began_ns(), 0u);
  EXPECT_TRUE(report.outlived(100, 149));
  EXPECT_FALSE(report.outlived(99, 149));
  EXPECT_FALSE(report.outlived(100, 150));
  EXPECT_EQ(report.ran(), std::pair(std::uint64_t{100}, std::uint64_t{150}));
}

class OpenSlot : public testing::Test {
 protected:
  OpenSlot() { group_->released_ns = 1000; }
  WorkerReport closed_at(std::uint64_t now) {
    WorkerReport report = published_report(*slot_, *group_);
    close_at(report, *slot_, *group_, now);
    return report;
  }
  std::unique_ptr<GroupBlock> group_ = std::make_unique<GroupBlock>();
  std::unique_ptr<WorkerSlot> slot_ = std::make_unique<WorkerSlot>();
};

TEST_F(OpenSlot, ShowsAWorkerThatNeverRanAsAwayFromTheReleaseOn) {
  const WorkerReport report = closed_at(6000);
  EXPECT_EQ(report.started_ns, 1000u);
  EXPECT_EQ(report.wall_time_ns, 5000u);
  EXPECT_EQ(report.max_gap_ns, 5000u);
  EXPECT_EQ(report.max_gap_at_ns, 5000u);
  EXPECT_EQ(report.max_gap_cpu, -1);
  EXPECT_EQ(report.work_units, 0u);
}

TEST_F(OpenSlot, TakesAWaitForAPartnerForASleepUntilThatHasWokenIt) {
  SharedWord word;
  word.set(3, 2000);
  slot_->live->last_checkpoint_ns = slot_->asleep_since_ns = 3000;
  slot_->asleep_until_ns = UINT64_MAX;
  slot_->asleep_on = &word;
  slot_->asleep_while = 3;
  EXPECT_EQ(closed_at(6000).sleep_ns, 3000u);
  EXPECT_EQ(closed_at(6000).max_gap_ns, 0u);
  word.set(4, 4500);
  EXPECT_EQ(closed_at(6000).sleep_ns, 1500u);
  EXPECT_EQ(closed_at(6000).max_gap_ns, 1500u) << "it was woken and did not run";
  word.set(5, 2900);
  EXPECT_EQ(closed_at(6000).max_gap_ns, 3000u) << "not before it slept";
}

TEST_F(OpenSlot, CountsTheGapThatGoesOnFromTheLastCheckpoint) {
  slot_->live->last_checkpoint_ns = 4000;
  slot_->max_gap_ns = 500;
  slot_->max_gap_cpu = 2;
  EXPECT_EQ(closed_at(6000).max_gap_ns, 2000u);
  EXPECT_EQ(closed_at(6000).max_gap_cpu, -1);
  EXPECT_EQ(closed_at(4400).max_gap_ns, 500u) << "the earlier one was longer";
  EXPECT_EQ(closed_at(4400).max_gap_cpu, 2);
}

TEST_F(OpenSlot, CountsASleeperAsAwayOnlyAfterItsTime) {
  slot_->live->last_checkpoint_ns = 2000;
  slot_->sleep_ns = 10;
  slot_->asleep_until_ns = 5000;
  slot_->asleep_since_ns = 2000;
  EXPECT_EQ(closed_at(6000).max_gap_ns, 1000u);
  EXPECT_EQ(closed_at(6000).sleep_ns, 3010u);
  EXPECT_EQ(closed_at(4000).max_gap_ns, 0u);
  EXPECT_EQ(closed_at(4000).sleep_ns, 2010u);
}

TEST_F(OpenSlot, CountsNoHoldAsAGapNorAsSleep) {
  slot_->live->last_checkpoint_ns = 2000;
  group_->hold.begin(2500);
  EXPECT_EQ(closed_at(6000).max_gap_ns, 500u);
  group_->hold.end(4000);
  EXPECT_EQ(closed_at(6000).max_gap_ns, 2000u);
  slot_->asleep_until_ns = 5000;
  slot_->asleep_since_ns = 2000;
  EXPECT_EQ(closed_at(6000).max_gap_ns, 1000u);
  EXPECT_EQ(closed_at(6000).sleep_ns, 1500u);
}

TEST_F(OpenSlot, KnowsForHowLongItWasHeldSinceTheRelease) {
  group_->hold.begin(500);
  group_->held_before_ns = 500;  // said at the release, at 1000
  group_->hold.end(1200);
  group_->hold.begin(2000);
  group_->hold.end(2300);
  WorkerReport report = closed_at(6000);
  add_held(report, *group_);
  EXPECT_EQ(report.held_ns, 500u);
  group_->hold.begin(5000);
  report = closed_at(6000);
  add_held(report, *group_);
  EXPECT_EQ(report.held_ns, 1500u);
}

TEST_F(OpenSlot, TakesWhatNothingElseAccountsForAsAWaitThatGoesOn) {
  WorkerReport report;
  report.wall_time_ns = 3'000;
  report.cpu_time_ns = 500;
  report.sleep_ns = report.held_ns = 200;
  report.run_delay_ns = 100;
  add_open_run_delay(report);
  EXPECT_EQ(report.run_delay_ns, 2100u);
}

TEST_F(OpenSlot, EndsAtTheLastCheckpointOfAWorkerThatDied) {
  slot_->live->last_checkpoint_ns = 4000;
  const WorkerReport report = published_report(*slot_, *group_);
  EXPECT_EQ(report.wall_time_ns, 3000u);
  EXPECT_EQ(report.max_gap_ns, 0u);
}

TEST_F(OpenSlot, TakesTheRunsShareOfSchedstat) {
  slot_->base.store({100, 20, 3});
  WorkerReport report;
  add_schedstat(report, *slot_, {150, 90, 5});
  EXPECT_EQ(report.cpu_time_ns, 50u);
  EXPECT_EQ(report.run_delay_ns, 70u);
  EXPECT_EQ(report.timeslices, 2u);
}

}  // namespace
}  // namespace ktstr
