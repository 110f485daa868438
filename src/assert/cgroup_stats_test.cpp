// SPDX-License-Identifier: Apache-2.0
#include "assert/cgroup_stats.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

WorkerReport worker(int index, int group, std::uint64_t cpu_time_ns) {
  WorkerReport report;
  report.index = index;
  report.spec = group;
  report.wall_time_ns = 1000;
  report.cpu_time_ns = cpu_time_ns;
  return report;
}

TEST(MakeCgroupStats, AddsUpWhatWorkersDid) {
  WorkerReport first = worker(0, 0, 900), second = worker(1, 0, 500);
  first.work_units = 10;
  second.work_units = 5;
  first.iterations = 3;
  second.iterations = 4;
  first.migrations = 1;
  second.migrations = 2;
  first.run_delay_ns = 50;
  second.run_delay_ns = 400;
  first.cpus_used = {0};
  second.cpus_used = {1, 2};
  first.max_gap_ns = 7;
  second.max_gap_ns = 70;
  second.max_gap_cpu = 2;
  const CgroupStats stats = make_cgroup_stats(2, "cg_0", CpuSet{0, 1}, {first, second});
  EXPECT_EQ(stats.cgroup, "cg_0");
  EXPECT_EQ(stats.step, 2);
  EXPECT_EQ(stats.workers, 2);
  EXPECT_EQ(stats.cpuset, (CpuSet{0, 1}));
  EXPECT_EQ(stats.cpus_used, (CpuSet{0, 1, 2}));
  EXPECT_EQ(stats.work_units, 15u);
  EXPECT_EQ(stats.iterations, 7u);
  EXPECT_EQ(stats.migrations, 3u);
  EXPECT_EQ(stats.cpu_time_ns, 1400u);
  EXPECT_EQ(stats.run_delay_ns, 450u);
  EXPECT_EQ(stats.max_gap_ns, 70u);
  EXPECT_EQ(stats.max_gap_cpu, 2);
  EXPECT_DOUBLE_EQ(stats.min_off_cpu_pct, 10);
  EXPECT_DOUBLE_EQ(stats.max_off_cpu_pct, 50);
  EXPECT_DOUBLE_EQ(stats.avg_off_cpu_pct, 30);
  EXPECT_DOUBLE_EQ(stats.spread_pct, 40);
}

TEST(MakeCgroupStats, TakesTheSpreadWithinGroupsOfEqualWorkers) {
  const auto stats = make_cgroup_stats(1, "cg_0", {}, {worker(0, 0, 900), worker(1, 0, 800), worker(2, 1, 100)});
  EXPECT_DOUBLE_EQ(stats.spread_pct, 10);
  EXPECT_DOUBLE_EQ(stats.max_off_cpu_pct, 90);
  EXPECT_TRUE(stats.cpuset.empty());
}

TEST(MakeCgroupStats, TakesNoOffCpuShareFromAWorkerThatDied) {
  WorkerReport dead = worker(1, 0, 0);
  dead.exit = "killed by signal 9 (SIGKILL)";
  const auto stats = make_cgroup_stats(1, "cg_0", {}, {worker(0, 0, 900), dead});
  EXPECT_DOUBLE_EQ(stats.max_off_cpu_pct, 10);
  EXPECT_DOUBLE_EQ(stats.avg_off_cpu_pct, 10);
  EXPECT_EQ(stats.workers, 2);
  EXPECT_DOUBLE_EQ(make_cgroup_stats(1, "cg_0", {}, {dead}).min_off_cpu_pct, 0);
}

TEST(MakeCgroupStats, TakesPercentilesByNearestRank) {
  WorkerReport report = worker(0, 0, 900);
  for (std::uint64_t i = 100; i >= 1; --i) report.wake_latencies.add(i);
  report.wakeups = 100;
  report.wake_max_ns = 100;
  const auto stats = make_cgroup_stats(1, "cg_0", {}, {report});
  EXPECT_EQ(stats.wakeups, 100u);
  EXPECT_EQ(stats.wake_p50_ns, 50u);
  EXPECT_EQ(stats.wake_p99_ns, 98u) << "the middle of 98 and 99";
  EXPECT_EQ(stats.wake_max_ns, 100u);
}

TEST(MakeCgroupStats, TakesPercentilesOfAllWorkersTogether) {
  WorkerReport few = worker(0, 0, 900), many = worker(1, 0, 900);
  few.wake_latencies.add(10, 4);
  few.wake_max_ns = 10;
  many.wake_latencies.add(500, 1000);
  many.wake_max_ns = 500;
  const auto stats = make_cgroup_stats(1, "cg_0", {}, {few, many});
  EXPECT_EQ(stats.wake_p50_ns, 499u) << "at most 1.6 % off";
  EXPECT_EQ(make_cgroup_stats(1, "cg_0", {}, {few}).wake_p50_ns, 10u);
  EXPECT_EQ(make_cgroup_stats(1, "cg_0", {}, {worker(0, 0, 1)}).wake_p99_ns, 0u);
}

TEST(MakeCgroupStats, AddsUpWhatWorkTypesMeasure) {
  WorkerReport one = worker(0, 0, 900), other = worker(1, 0, 900);
  one.latencies = {{.what = "request", .max_ns = 11, .times = {}}};
  one.latencies[0].times.add(11, 98);
  other.latencies = {{.what = "request", .max_ns = 993, .times = {}}, {.what = "hit", .max_ns = 3, .times = {}}};
  other.latencies[0].times.add(993, 2);
  other.latencies[1].times.add(3);
  one.counts = {{"hits", 3}};
  other.counts = {{"hits", 4}, {"misses", 1}};
  const auto stats = make_cgroup_stats(1, "cg_0", {}, {one, other});
  ASSERT_EQ(stats.latencies.size(), 2u);
  EXPECT_EQ(stats.latencies[0].what, "hit");
  const LatencyStats& requests = stats.latencies[1];
  EXPECT_EQ(requests.count, 100u);
  EXPECT_EQ(requests.p50_ns, 11u);
  EXPECT_EQ(requests.p99_ns, 993u) << "the bucket's middle is above the longest";
  EXPECT_EQ(requests.max_ns, 993u);
  ASSERT_EQ(stats.counts.size(), 2u);
  EXPECT_EQ(stats.counts[0].count, 7u);
}

}  // namespace
}  // namespace ktstr
