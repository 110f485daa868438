// SPDX-License-Identifier: Apache-2.0
#include "scenario/executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "scenario/testing/fake_world.h"
#include "scenario/world.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

Step two_cgroups() {
  return {.setup = {CgroupDef::named("cg_0").workers(2).cpuset(CpusetSpec::llc(0)),
                    CgroupDef::named("cg_1").workers(1).cpuset(CpusetSpec::llc(1)).cpu_weight(50)}};
}

Step half_in(const std::string& cgroup) {
  return {.setup = {CgroupDef::named(cgroup)}, .hold = HoldSpec::fraction(0.5)};
}

TEST(Executor, TouchesCgroupsInOneOrder) {
  FakeWorld world;
  ASSERT_TRUE(world.run({two_cgroups()}));
  EXPECT_THAT(world.ops.calls(),
              ElementsAre("enable cpuset cpu", "create cg_0", "set cg_0 cpuset.cpus 0-1", "create cg_1",
                          "set cg_1 cpuset.cpus 2-3", "set cg_1 cpu.weight 50", "directory cg_0", "directory cg_1",
                          "get cg_0 cpu.max", "get cg_0 cpu.weight", "get cg_1 cpu.max", "get cg_1 cpu.weight",
                          "remove cg_1", "remove cg_0"));
}

TEST(Executor, ReleasesAllWorkersTogetherAndStopsAllBeforeItCollects) {
  FakeWorld world;
  ASSERT_TRUE(world.run({two_cgroups()}));
  EXPECT_THAT(
      world.log,
      ElementsAre("scenario began: 0 cgroups, 0 workers", "step 1 began: 0 cgroups, 0 workers", "spawn cg_0",
                  "spawn cg_1", "release cg_0", "release cg_1", "step 1 resumed: 2 cgroups, 3 workers", "hold 1000 ms",
                  "step 1 paused: 2 cgroups, 3 workers", "stop cg_0", "stop cg_1", "collect cg_0", "collect cg_1",
                  "step 1 ended: 0 cgroups, 0 workers", "scenario ended: 0 cgroups, 0 workers"));
}

TEST(Executor, EnablesNoControllerThatNobodyNeeds) {
  FakeWorld world;
  ASSERT_TRUE(world.run({{.setup = {CgroupDef::named("cg_0")}}}));
  EXPECT_THAT(world.ops.calls(), ElementsAre("create cg_0", "directory cg_0", "remove cg_0"));
}

TEST(Executor, TouchesNothingWhenAScenarioHasMistakes) {
  FakeWorld world;
  const auto result = world.run({half_in("a"), {.setup = {CgroupDef::named("b")}, .hold = HoldSpec::fraction(0)}});
  EXPECT_EQ(result.error().message(),
            "step 2: a hold of 0 times the duration is not valid; a fraction is finite and > 0");
  EXPECT_THAT(world.ops.calls(), IsEmpty());
  EXPECT_THAT(world.log, IsEmpty());
}

TEST(Executor, LabelsReportsAndStatisticsWithTheirStep) {
  FakeWorld world;
  const auto result = world.run({half_in("a"), half_in("b")});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->verdict(), Verdict::kPass);
  ASSERT_EQ(result->cgroups.size(), 2u);
  EXPECT_EQ(result->cgroups[0].cgroup, "a");
  EXPECT_EQ(result->cgroups[0].step, 1);
  EXPECT_EQ(result->cgroups[1].step, 2);
  ASSERT_EQ(world.reports.size(), 2u);
  EXPECT_EQ(world.reports[1].step, 2);
  EXPECT_EQ(world.reports[1].cgroup, "b");
}

TEST(Executor, PutsTheTimeIntoItsMarks) {
  FakeWorld world;
  ASSERT_TRUE(world.run({half_in("a"), half_in("b")}));
  std::vector<std::uint64_t> ms;
  for (const StepMark& mark : world.marks) ms.push_back((mark.at_ns / 1'000'000) - 100'000);
  EXPECT_THAT(ms, ElementsAre(0, 0, 0, 500, 500, 500, 500, 1000, 1000, 1000));
}

TEST(Executor, LetsChecksFailTheResult) {
  FakeWorld world;
  world.idle_workers = true;
  const auto result = world.run({half_in("a"), half_in("b")});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->verdict(), Verdict::kFail);
  ASSERT_EQ(result->details.size(), 2u);
  EXPECT_EQ(result->details[0].kind, DetailKind::kNoProgress);
  EXPECT_EQ(result->details[1].step, 2);
}

TEST(Executor, NumbersWorkersAcrossTheGroupsOfACgroup) {
  FakeWorld world;
  ASSERT_TRUE(world.run({{.setup = {CgroupDef::named("a").workers(2).work({.workers = 2})}}}));
  std::vector<int> indexes;
  for (const auto& report : world.reports) indexes.push_back(report.index);
  EXPECT_THAT(indexes, ElementsAre(0, 1, 2, 3));
  ASSERT_EQ(world.placements.size(), 2u);
  EXPECT_EQ(world.placements[0].spec, 0);
  EXPECT_EQ(world.placements[1].spec, 1);
}

TEST(Executor, TellsWorkersWhatTheirCpusetAllows) {
  FakeWorld world;
  ASSERT_TRUE(world.run({two_cgroups()}));
  EXPECT_EQ(world.placements.at(1).allowed, (CpuSet{2, 3}));
  EXPECT_EQ(world.placements.at(1).cgroup_dir, nullptr);
}

TEST(Executor, GivesEachGroupASeedThatOnlyDependsOnTheScenario) {
  FakeWorld first, second, other;
  other.seed = 2;
  const std::vector<Step> steps = {half_in("a"), half_in("a")};
  ASSERT_TRUE(first.run(steps) && second.run(steps) && other.run(steps));
  EXPECT_EQ(first.seeds, second.seeds);
  EXPECT_NE(first.seeds, other.seeds);
  EXPECT_NE(first.seeds.at(0), first.seeds.at(1));
}

TEST(WorkerSeed, DiffersInEachOfItsArguments) {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t seed : {0u, 1u})
    for (int step : {1, 2})
      for (std::size_t cgroup : {0u, 1u, 2u})
        for (std::size_t group : {0u, 1u, 2u}) seeds.insert(worker_seed(seed, step, cgroup, group));
  EXPECT_EQ(seeds.size(), 36u);
}

TEST(Executor, NeverHoldsBeyondTheScenariosEnd) {
  FakeWorld world;
  world.spawn_takes = 100ms;
  const auto result = world.run({half_in("a"), half_in("b")});
  ASSERT_TRUE(result);
  EXPECT_THAT(world.log, testing::Contains("hold 500 ms"));
  EXPECT_THAT(world.log, testing::Contains("hold 400 ms"));
  EXPECT_THAT(result->details, IsEmpty());
}

TEST(Executor, DoesNotCountTheFirstSetUpAsScenarioTime) {
  FakeWorld world;
  world.spawn_takes = 700ms;
  ASSERT_TRUE(world.run({{.setup = {CgroupDef::named("a")}}}));
  EXPECT_THAT(world.log, testing::Contains("hold 1000 ms"));
}

TEST(Executor, DoesNotCountTheBackdropsSetUpAsScenarioTime) {
  FakeWorld world;
  world.spawn_takes = 1500ms;
  const auto result = world.run(Backdrop{.cgroups = {CgroupDef::named("base")}}, {{.hold = HoldSpec::full()}});
  ASSERT_TRUE(result);
  EXPECT_THAT(world.log, testing::Contains("hold 1000 ms"));
  EXPECT_THAT(result->details, IsEmpty());
}

TEST(Executor, SaysWhenAHoldWasCutToLessThanHalf) {
  FakeWorld world;
  world.spawn_takes = 300ms;
  const auto result = world.run({half_in("a"), half_in("b")});
  ASSERT_TRUE(result);
  ASSERT_EQ(result->details.size(), 1u);
  EXPECT_EQ(result->details[0].kind, DetailKind::kNote);
  EXPECT_EQ(result->details[0].message, "step 2 of 2 holds for 200ms of its 500ms: the scenario is over then");
  EXPECT_EQ(result->verdict(), Verdict::kPass);
}

TEST(Executor, IsInconclusiveAboutAStepWhoseTurnCameTooLate) {
  FakeWorld world;
  world.stop_takes = 600ms;
  const auto result = world.run({half_in("a"), half_in("b")});
  ASSERT_TRUE(result);
  EXPECT_FALSE(testing::Value(world.ops.calls(), testing::Contains("create b")));
  ASSERT_EQ(result->details.size(), 1u);
  EXPECT_EQ(result->details[0].message, "step 2 of 2 did not run: the scenario's 1s were over");
  EXPECT_EQ(result->verdict(), Verdict::kInconclusive);
}

TEST(Executor, IsInconclusiveAboutAStepWhoseSetUpTookAllTheTime) {
  FakeWorld world;
  world.idle_workers = true;
  world.spawn_takes = 1s;
  const auto result = world.run({{.hold = HoldSpec::fixed(100ms)}, half_in("a")});
  ASSERT_TRUE(result);
  EXPECT_THAT(world.log, testing::Not(testing::Contains("release a")));
  ASSERT_EQ(result->details.size(), 1u);
  EXPECT_EQ(result->details[0].message, "step 2 of 2 holds for 0s of its 500ms: the scenario is over then");
  EXPECT_EQ(result->verdict(), Verdict::kInconclusive);
}

TEST(Executor, SharesOneGraceAmongAllGroups) {
  FakeWorld world;
  world.stop_takes = 1500ms;
  ASSERT_TRUE(world.run({{.setup = {CgroupDef::named("a"), CgroupDef::named("b"), CgroupDef::named("c")}}}));
  EXPECT_THAT(world.graces, ElementsAre(2s, 500ms, 0s));
}

TEST(Executor, RunsAStepWithoutCgroupsAsAPause) {
  FakeWorld world;
  const auto result = world.run({{.hold = HoldSpec::fixed(20ms)}});
  ASSERT_TRUE(result);
  EXPECT_THAT(world.log, testing::Contains("hold 20 ms"));
  EXPECT_THAT(world.ops.calls(), IsEmpty());
}

TEST(Executor, PausesBeforeEachOpByItsSeedAndNotAtTheHoldsExpense) {
  FakeWorld world;
  world.pauses_take_time = true;
  ASSERT_TRUE(world.run({{.setup = two_cgroups().setup, .hold = HoldSpec::fraction(0.5)},
                         {.setup = two_cgroups().setup, .hold = HoldSpec::fraction(0.5)}}));
  ASSERT_EQ(world.pauses.size(), 8u);
  for (const Nanoseconds pause : world.pauses) EXPECT_LE(pause, 500us);
  EXPECT_EQ(std::set(world.pauses.begin(), world.pauses.end()).size(), 8u);
  EXPECT_EQ(std::count(world.log.begin(), world.log.end(), "hold 500 ms"), 2);

  FakeWorld again, other;
  other.seed = 2;
  ASSERT_TRUE(again.run({two_cgroups()}) && other.run({two_cgroups()}));
  EXPECT_TRUE(std::equal(again.pauses.begin(), again.pauses.end(), world.pauses.begin()));
  EXPECT_NE(other.pauses, again.pauses);
}

TEST(Executor, LeavesWhatDoesNotVaryTheSameForEverySeed) {
  FakeWorld one, two;
  two.seed = 2;
  for (FakeWorld* world : {&one, &two}) {
    world->vary = VarySet::none();
    ASSERT_TRUE(world->run({{.setup = {CgroupDef::named("a").cpuset(CpusetSpec::random(2))}}}));
  }
  EXPECT_EQ(one.pauses, two.pauses);
  EXPECT_EQ(one.seeds, two.seeds);
  EXPECT_EQ(one.placements.at(0).birth_seed, two.placements.at(0).birth_seed);
  EXPECT_EQ(one.ops.calls(), two.ops.calls());
}

TEST(Executor, LetsWorkersBeBornOnTheCpusOfTheirCgroup) {
  FakeWorld world;
  ASSERT_TRUE(world.run({{.setup = {CgroupDef::named("a").cpuset(CpusetSpec::llc(1)), CgroupDef::named("b")}}}));
  EXPECT_EQ(world.placements.at(0).born_on.to_string(), "2-3");
  EXPECT_EQ(world.placements.at(1).born_on.to_string(), "0-3");
  EXPECT_NE(world.placements.at(0).birth_seed, world.placements.at(1).birth_seed);
}

}  // namespace
}  // namespace ktstr
