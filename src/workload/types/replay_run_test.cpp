// SPDX-License-Identifier: Apache-2.0
//
// Replays by processes of this machine, whatever else that does.
#include <gtest/gtest.h>

#include <chrono>

#include "base/clock.h"
#include "workload/types/work_types.h"
#include "workload/worker_group.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;

std::vector<WorkerReport> replayed_for(std::chrono::nanoseconds time, std::string_view text, int groups = 1) {
  const WorkType type = *work_type_from(text);
  const int workers = fitting_workers(type, 1) * groups;
  auto group = WorkerGroup::spawn({.workers = workers, .type = type}, {.cgroup = "cg"}, 0, 1);
  EXPECT_TRUE(group) << group.error().render();
  if (!group) return {};
  group->release();
  sleep_for(time);
  auto reports = group->collect(5s);
  EXPECT_TRUE(reports) << reports.error().render();
  return reports.value_or(std::vector<WorkerReport>());
}

TEST(ReplayRuns, KeepToThePeriodAndMeasureEachLoop) {
  const auto reports =
      replayed_for(400ms, "Replay(tasks=name:ui+run:100us+wake:1+sleep:1ms+run:100us|wait+run:200us, period=20ms)", 2);
  ASSERT_EQ(reports.size(), 4u);
  for (const WorkerReport& report : reports) {
    EXPECT_EQ(report.could_not, "");
    EXPECT_GT(report.iterations, 1u);
    EXPECT_LE(report.iterations, 21u);
    ASSERT_EQ(report.latencies.size(), 1u);
    EXPECT_EQ(report.latencies[0].what, "loop");
    EXPECT_EQ(report.latencies[0].times.count(), report.iterations);
    EXPECT_GE(report.latencies[0].max_ns, 100'000u);
    // Of the recording, with what a machine takes to begin and end.
    EXPECT_GE(report.cpu_time_ns, report.iterations * 190'000);
    EXPECT_GT(report.wakeups, report.iterations / 2) << "who is late finds its wake-up there already";
  }
  EXPECT_EQ(reports[2].role, "task 0");
}

TEST(ReplayRuns, CountLoopsThatTakeLongerThanThePeriod) {
  const auto reports = replayed_for(300ms, "Replay(tasks=run:10ms, period=1ms)");
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_GT(reports[0].missed, 0u);
  EXPECT_EQ(reports[0].missed, reports[0].iterations);
  // Late from where it was due, so ever more.
  EXPECT_GE(reports[0].latencies.at(0).max_ns, 9'000'000 * reports[0].iterations);
}

}  // namespace
}  // namespace ktstr
