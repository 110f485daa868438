// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "scenario/executor.h"
#include "scenario/testing/fake_world.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Step part(std::vector<CgroupDef> setup, double fraction) {
  return {.setup = std::move(setup), .hold = HoldSpec::fraction(fraction)};
}

const std::vector<Step>& three_steps() {
  static const std::vector<Step> steps = {
      part({CgroupDef::named("a")}, 0.25),
      part({CgroupDef::named("b").cpu_weight(50), CgroupDef::named("c").cpu_weight(60)}, 0.5),
      part({CgroupDef::named("d")}, 0.25)};
  return steps;
}

std::vector<std::string> described(const AssertResult& result) {
  std::vector<std::string> lines;
  for (const Detail& detail : result.details)
    lines.push_back(
        fmt::format("{} {} {}: {}", to_string(detail.verdict), to_string(detail.kind), detail.step, detail.message));
  return lines;
}

const Error kNotWritten = Error::from_errno(EINVAL, "cannot write it");

TEST(FailedStep, BlamesNobodyForWhatTheMachineLacks) {
  FakeWorld world;
  const auto dir = *TempDir::create(fs::temp_directory_path(), "ktstr-executor-test");
  world.root = dir.path();
  const auto result = world.run({{.ops = {Op::write_sysctl("kernel.no_such", "1")}}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kUnsupported);
  EXPECT_THAT(result.error().message(),
              HasSubstr("step 1 failed: the machine lacks what it asks for: write_sysctl kernel.no_such = 1: sysctl "
                        "kernel.no_such: there is no "));
  EXPECT_EQ(result.error().hint(), "this kernel has no such sysctl");
}

TEST(FailedStep, KeepsEarlierResultsAndRunsNoLaterStep) {
  FakeWorld world;
  world.ops.fail_matching("create c", kNotWritten);
  const auto result = world.run(three_steps());
  ASSERT_TRUE(result);
  EXPECT_THAT(described(*result), ElementsAre("fail step_failed 2: step 2 failed: cgroup 'c': cannot write it: "
                                              "Invalid argument (EINVAL)"));
  ASSERT_EQ(result->cgroups.size(), 1u);
  EXPECT_EQ(result->cgroups[0].cgroup, "a");
  EXPECT_THAT(world.ops.groups(), IsEmpty());
  EXPECT_THAT(world.ops.calls(), Not(Contains("create d")));
}

TEST(FailedStep, BlamesNobodyForAMachineThatIsTooSmall) {
  FakeWorld world;
  world.spawn_fails.emplace("b", Error::from_errno(ENOMEM, "cannot start worker b/0"));
  const auto result = world.run(three_steps());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kNoSpace);
  EXPECT_THAT(result.error().message(), testing::HasSubstr("step 2 failed: cgroup 'b': cannot start worker b/0"));
  EXPECT_THAT(result.error().hint(), testing::HasSubstr("give the guest more memory"));
  EXPECT_THAT(world.ops.groups(), IsEmpty());
}

TEST(FailedStep, KeepsAFailureThatCameBeforeTheMemoryRanOut) {
  FakeWorld world;
  world.idle_workers = true;
  world.spawn_fails.emplace("b", Error::from_errno(ENOMEM, "cannot start worker b/0"));
  const auto result = world.run(three_steps());
  ASSERT_TRUE(result);
  EXPECT_EQ(result->verdict(), Verdict::kFail);
  EXPECT_EQ(result->details.back().verdict, Verdict::kInconclusive);
}

TEST(FailedStep, TearsDownAfterAWriteThatFails) {
  FakeWorld world;
  world.ops.fail_matching("cpu.weight 60", kNotWritten);
  const auto result = world.run(three_steps());
  ASSERT_TRUE(result);
  EXPECT_EQ(result->details.at(0).kind, DetailKind::kStepFailed);
  EXPECT_THAT(world.ops.groups(), IsEmpty());
  EXPECT_THAT(world.log, Not(Contains("spawn b")));
}

TEST(FailedStep, StopsSpawnedWorkersWithoutJudgingThem) {
  FakeWorld world;
  world.idle_workers = true;
  world.checks.progress = false;
  world.spawn_fails.emplace("c", Error::from_errno(EAGAIN, "clone3").with_hint("raise pids.max"));
  const auto result = world.run(three_steps());
  ASSERT_TRUE(result);
  EXPECT_THAT(described(*result),
              ElementsAre("fail step_failed 2: step 2 failed: cgroup 'c': clone3: Resource temporarily "
                          "unavailable (EAGAIN); raise pids.max"));
  EXPECT_THAT(world.log, Not(Contains("collect b")));  // they end with their group: there is nothing to report
  EXPECT_THAT(world.log, Not(Contains("release b")));
  EXPECT_EQ(world.reports.size(), 1u);
  EXPECT_EQ(world.log.back(), "scenario ended: 0 cgroups, 0 workers");
}

TEST(FailedStep, CountsWorkersThatCannotBeCollected) {
  FakeWorld world;
  world.collect_fails.emplace("b", kNotWritten);
  const auto result = world.run(three_steps());
  ASSERT_TRUE(result);
  EXPECT_THAT(described(*result),
              ElementsAre("fail step_failed 2: step 2 failed: cgroup 'b': its workers could not be collected: cannot "
                          "write it: Invalid argument (EINVAL)"));
  EXPECT_EQ(result->cgroups.size(), 2u);  // a and c
}

TEST(FailedStep, KeepsItsErrorWhenCleaningUpFailsToo) {
  FakeWorld world;
  world.ops.fail_matching("create c", kNotWritten);
  world.ops.fail_matching("remove b", Error(ErrorCode::kBusy, "somebody is in it"));
  const auto result = world.run(three_steps());
  ASSERT_TRUE(result);
  EXPECT_THAT(described(*result), ElementsAre("fail stuck 2: somebody is in it",
                                              "fail step_failed 2: step 2 failed: cgroup 'c': cannot write it: Invalid "
                                              "argument (EINVAL)"));
}

std::vector<std::string> kinds(const AssertResult& result) {
  std::vector<std::string> all;
  for (const Detail& detail : result.details) all.push_back(fmt::format("{} {}", to_string(detail.kind), detail.step));
  return all;
}

const Backdrop kBase{.cgroups = {CgroupDef::named("base")}};

TEST(FailedStep, IsReportedWhenTheBackdropHasBeenCollected) {
  FakeWorld world;
  world.idle_workers = true;
  world.ops.fail_matching("create c", kNotWritten);
  const auto result = world.run(kBase, three_steps());
  ASSERT_TRUE(result);
  EXPECT_THAT(kinds(*result), ElementsAre("no_progress 1", "no_progress 0", "step_failed 2"));
}

TEST(FailedStep, ThatLacksSomethingHidesNoFailure) {
  FakeWorld world;
  world.idle_workers = true;
  world.ops.fail_matching("create c", fail(ErrorCode::kUnsupported, "there is none"));
  const auto result = world.run(three_steps());
  ASSERT_TRUE(result);
  EXPECT_EQ(result->verdict(), Verdict::kFail);
  EXPECT_THAT(kinds(*result), ElementsAre("no_progress 1", "step_failed 2"));
  EXPECT_EQ(result->details.back().verdict, Verdict::kInconclusive);
}

TEST(FailedStep, AndABackdropThatCannotBeCollectedAreBothReported) {
  FakeWorld world;
  world.collect_fails.emplace("base", kNotWritten);
  world.ops.fail_matching("create a", kNotWritten);
  const auto result = world.run(kBase, three_steps());
  ASSERT_TRUE(result);
  EXPECT_THAT(kinds(*result), ElementsAre("backdrop_failed 0", "step_failed 1"));
}

TEST(DeadScheduler, IsReportedWhenTheBackdropHasBeenCollected) {
  // In a hold, between steps, after all steps.
  for (const auto& [alive_for, step] : {std::pair(200ms, 1), std::pair(255ms, 1), std::pair(1005ms, 3)}) {
    FakeWorld world;
    world.idle_workers = true;
    world.stop_takes = 10ms;
    world.scheduler_ends = world.time + alive_for;
    const auto result = world.run(kBase, three_steps());
    ASSERT_TRUE(result);
    const std::string last = fmt::format("scheduler_died {}", step);
    EXPECT_EQ(kinds(*result).back(), last) << format_duration(alive_for);
    EXPECT_EQ(kinds(*result).at(result->details.size() - 2), "no_progress 0") << format_duration(alive_for);
  }
}

TEST(CleanUp, FailsWhereProcessesKeepTheirCgroupInAStepAndInTheBackdrop) {
  FakeWorld world;
  for (const char* name : {"a", "base"})
    world.ops.fail_matching(fmt::format("remove {}", name), Error(ErrorCode::kBusy, "somebody is in it"));
  const auto result = world.run(kBase, {part({CgroupDef::named("a")}, 1)});
  ASSERT_TRUE(result);
  EXPECT_THAT(described(*result), ElementsAre("fail stuck 1: somebody is in it", "fail stuck 0: somebody is in it"));
  EXPECT_EQ(result->details[0].cgroup, "a");
}

TEST(CleanUp, OnlyNotesThatACgroupAboveStaysWithTheOneBelow) {
  FakeWorld world;
  world.ops.fail_matching("remove a/b", Error(ErrorCode::kBusy, "somebody is in it"));
  const auto result = world.run({part({CgroupDef::named("a").no_workers(), CgroupDef::named("a/b")}, 1)});
  ASSERT_TRUE(result);
  EXPECT_THAT(described(*result), ElementsAre("fail stuck 1: somebody is in it",
                                              "pass note 1: clean-up: cannot remove a: it has the child group a/b"));
}

TEST(CleanUp, KillsAllThatDoNotStopBeforeItWaitsForAny) {
  FakeWorld world;
  ASSERT_TRUE(world.run({part({CgroupDef::named("a"), CgroupDef::named("b")}, 1)}));
  EXPECT_THAT(world.stopped_before_collect, ElementsAre(2u, 2u));
}

TEST(Controllers, ThatCannotBeEnabledAreAnError) {
  FakeWorld world;
  world.ops.fail_matching("enable", kNotWritten);
  EXPECT_EQ(world.run(three_steps()).error().message(),
            "before the first step: cannot write it: Invalid argument (EINVAL)");
  EXPECT_THAT(world.log, IsEmpty());
}

TEST(DeadScheduler, EndsTheHoldAndTheScenarioButKeepsTheNumbers) {
  FakeWorld world;
  world.scheduler_ends = world.time + 350ms;
  const auto result = world.run(three_steps());
  ASSERT_TRUE(result);
  EXPECT_THAT(described(*result),
              ElementsAre("fail scheduler_died 2: the scheduler died, and nothing says why, during step 2 of 3, 100ms "
                          "into its hold, 350ms after the scenario's start"));
  EXPECT_EQ(result->cgroups.size(), 3u);
  EXPECT_THAT(world.ops.calls(), Not(Contains("create d")));
  EXPECT_THAT(world.ops.groups(), IsEmpty());
}

TEST(DeadScheduler, IsNoticedBetweenSteps) {
  FakeWorld world;
  world.stop_takes = 100ms;
  world.scheduler_ends = world.time + 300ms;
  const auto result = world.run(three_steps());
  ASSERT_TRUE(result);
  EXPECT_THAT(described(*result),
              ElementsAre("fail scheduler_died 1: the scheduler died, and nothing says why, after step 1 of 3, "
                          "350ms after the scenario's start"));
  EXPECT_THAT(world.ops.calls(), Not(Contains("create b")));
}

TEST(DeadScheduler, IsNoticedAfterAllSteps) {
  FakeWorld world;
  world.stop_takes = 100ms;
  world.scheduler_ends = world.time + 1050ms;
  const auto result = world.run({part({CgroupDef::named("a")}, 1)});
  ASSERT_TRUE(result);
  EXPECT_THAT(described(*result),
              ElementsAre("fail scheduler_died 1: the scheduler died, and nothing says why, after all steps, "
                          "1.1s after the scenario's start"));
}

TEST(Liveness, ThatCannotBeWatchedIsAnErrorAfterTearDown) {
  FakeWorld world;
  world.hold_fails = kNotWritten;
  EXPECT_EQ(world.run(three_steps()).error().message(), "step 1: cannot write it: Invalid argument (EINVAL)");
  EXPECT_THAT(world.ops.groups(), IsEmpty());
  EXPECT_THAT(world.log, Contains("collect a"));
  EXPECT_EQ(world.log.back(), "scenario ended: 0 cgroups, 0 workers");
}

TEST(LivingScheduler, IsListedAsChecked) {
  FakeWorld world;
  EXPECT_THAT(world.run(three_steps())->checked,
              Not(Contains(Checked{"scheduler: its process lives through every step"})));
  world.scheduler_pid = 7;
  world.time = 100s;
  EXPECT_THAT(world.run(three_steps())->checked, Contains(Checked{"scheduler: its process lives through every step"}));
}

}  // namespace
}  // namespace ktstr
