// SPDX-License-Identifier: Apache-2.0
//
// Each work type at work, as processes of this machine.
#include <gtest/gtest.h>

#include <chrono>

#include "base/clock.h"
#include "workload/types/work_types.h"
#include "workload/worker_group.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;

Result<std::vector<WorkerReport>> reports_of(const WorkType& type, std::chrono::nanoseconds time) {
  KTSTR_TRY_ASSIGN(WorkerGroup group,
                   WorkerGroup::spawn({.workers = fitting_workers(type, 1), .type = type}, {.cgroup = "cg"}, 0, 1));
  group.release();
  sleep_for(time);
  return group.collect(5s);
}

class WorkTypeRuns : public testing::TestWithParam<std::string_view> {};

// Parameters small enough for all of them to come to their ends within a moment.
WorkType quick(std::string_view name) {
  if (name == "FanOutCompute") return FanOutCompute{.cache_footprint_kib = 16};
  if (name == "IpcVariance") return IpcVariance{.hot_iters = 1000, .cold_iters = 100, .period_iters = 2};
  if (name == "Schbench") return Schbench{.cache_footprint_kib = 16};
  if (name == "Taobench") return Taobench{.cache_capacity_mib = 1};
  if (name == "BuildTree") return BuildTree{.compile = 200us};
  return *make_work_type(name, {});
}

TEST_P(WorkTypeRuns, AndEveryWorkerGetsSomethingDone) {
  const WorkType type = quick(GetParam());
  const auto reports = reports_of(type, 200ms);
  if (!reports && reports.error().code() == ErrorCode::kUnsupported) GTEST_SKIP() << reports.error().render();
  if (!reports && reports.error().code() == ErrorCode::kPermission) GTEST_SKIP() << reports.error().render();
  ASSERT_TRUE(reports) << reports.error().render();
  // A machine whose kernel refuses real-time policies, or negative nice values.
  for (const WorkerReport& report : *reports)
    if (report.could_not.find("not permitted") != std::string::npos) GTEST_SKIP() << report.could_not;
  std::uint64_t iterations = 0;
  std::size_t index = 0;
  for (const WorkerReport& report : *reports) {
    EXPECT_EQ(report.could_not, "") << report.role;
    EXPECT_TRUE(report.responded && !report.died()) << report.exit;
    EXPECT_EQ(report.role, work_role(type, index++));
    iterations += report.iterations;
    // Who keeps a CPU from others by its class is meant to.
    if (report.role != "ordinary" && report.role != "consumer" && report.role != "low") {
      EXPECT_GT(report.iterations, 0u) << report.role;
    }
  }
  EXPECT_GT(iterations, reports->size());
}

INSTANTIATE_TEST_SUITE_P(All, WorkTypeRuns, testing::ValuesIn(work_type_names()),
                         [](const auto& type) { return std::string(type.param); });

}  // namespace
}  // namespace ktstr
