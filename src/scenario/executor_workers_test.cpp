// SPDX-License-Identifier: Apache-2.0
//
// The executor with real worker processes and real time; cgroups are the recording double, so workers stay in ours.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/system/process.h"
#include "cgroup/recording_cgroup_ops.h"
#include "ktstr/scenario.h"
#include "scenario/event_sink.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;

struct ReportList final : EventSink {
  void mark(const StepMark&) override {}
  void stimulus(const Stimulus&) override {}
  void payload(const PayloadReport&) override {}
  void worker(const WorkerReport& report) override { reports.push_back(report); }
  std::vector<WorkerReport> reports;
};

class ExecuteWithWorkers : public testing::Test {
 protected:
  Ctx ctx(Nanoseconds duration, int scheduler_pid = 0) {
    // How busy this machine is must not decide a test.
    Checks checks;
    checks.gap_off = checks.spread_off = true;
    return Ctx({.topology = &topology_,
                .cgroups = &ops_,
                .events = &events_,
                .settings = {.duration = duration, .checks = checks},
                .scheduler_pid = scheduler_pid});
  }
  TestTopology topology_ = TestTopology::expected_for(Topology{1, 1, 2, 1});
  RecordingCgroupOps ops_;
  ReportList events_;
};

TEST_F(ExecuteWithWorkers, NumbersThreadsByTheirPlaceInTheDefinition) {
  Ctx context = ctx(1h);
  CgroupDef def = CgroupDef::named("cg_0").workers(1).no_workers();
  def.work({.pcomm = "web"}).work({.workers = 2}).work({.type = YieldHeavy{}, .pcomm = "web"});
  const auto result = execute_steps(context, {{.setup = {def}, .hold = HoldSpec::fixed(500ms)}});
  ASSERT_TRUE(result) << result.error().render();
  EXPECT_EQ(result->verdict(), Verdict::kPass) << result->details.at(0).message;
  std::vector<std::pair<int, int>> places;
  for (const WorkerReport& report : events_.reports) places.emplace_back(report.index, report.spec);
  // Threads of one process are spawned together, in place of the first of them.
  EXPECT_THAT(places, testing::ElementsAre(std::pair(0, 0), std::pair(1, 2), std::pair(2, 1), std::pair(3, 1)));
}

TEST_F(ExecuteWithWorkers, ReportsWhatTheyDid) {
  // The hold is what is short: how long it takes to start workers on a busy machine must not matter.
  Ctx context = ctx(1h);
  const std::vector<CgroupDef> defs = {CgroupDef::named("cg_0").workers(2),
                                       CgroupDef::named("cg_1").work_type(YieldHeavy{})};
  const auto result = execute_steps(context, {{.setup = defs, .hold = HoldSpec::fixed(500ms)}});
  ASSERT_TRUE(result) << result.error().render();
  EXPECT_EQ(result->verdict(), Verdict::kPass) << result->details.at(0).message;
  ASSERT_EQ(events_.reports.size(), 3u);
  for (const WorkerReport& report : events_.reports) EXPECT_GT(report.work_units, 0u);
  ASSERT_EQ(result->cgroups.size(), 2u);
  EXPECT_EQ(result->cgroups[0].workers, 2);
  EXPECT_THAT(ops_.groups(), testing::IsEmpty());
}

TEST_F(ExecuteWithWorkers, RunsStepsOneAfterTheOther) {
  Ctx context = ctx(1h);
  const auto result = execute_steps(context, {{.setup = {CgroupDef::named("a")}, .hold = HoldSpec::fixed(50ms)},
                                              {.setup = {CgroupDef::named("a")}, .hold = HoldSpec::fixed(50ms)}});
  ASSERT_TRUE(result) << result.error().render();
  ASSERT_EQ(result->cgroups.size(), 2u);
  EXPECT_EQ(result->cgroups[1].step, 2);
  EXPECT_NE(events_.reports.at(0).pid, events_.reports.at(1).pid);
}

TEST_F(ExecuteWithWorkers, EndsWithItsSchedulerLongBeforeTheDuration) {
  auto scheduler = *Subprocess::start({.argv = {"true"}});
  Ctx context = ctx(1h, scheduler.pid());
  const auto result = execute_defs(context, {CgroupDef::named("cg_0")});
  ASSERT_TRUE(result) << result.error().render();
  EXPECT_EQ(result->verdict(), Verdict::kFail);
  EXPECT_EQ(result->details.back().kind, DetailKind::kSchedulerDied);
  EXPECT_EQ(result->cgroups.size(), 1u);
}

TEST_F(ExecuteWithWorkers, ReplacesTheContextsChecksWhenToldTo) {
  Ctx context = ctx(1h);
  Checks none;
  none.progress = none.isolation = false;
  none.gap_off = none.spread_off = true;
  const std::vector<Step> steps = {{.setup = {CgroupDef::named("a")}, .hold = HoldSpec::fixed(50ms)}};
  const auto with_default = execute_steps(context, steps);
  const auto without = execute_steps_with(context, steps, none);
  ASSERT_TRUE(with_default && without);
  EXPECT_GT(with_default->checked.size(), without->checked.size());
}

TEST_F(ExecuteWithWorkers, ReportsASchedulerThatCannotBeWatched) {
  Ctx context = ctx(100ms, -5);
  const auto result = execute_defs(context, {CgroupDef::named("cg_0")});
  EXPECT_THAT(result.error().message(), testing::StartsWith("cannot watch the scheduler with pid -5"));
  EXPECT_THAT(ops_.calls(), testing::IsEmpty());
}

}  // namespace
}  // namespace ktstr
