// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario/execution_state.h"
#include "scenario/executor.h"
#include "scenario/ops/op_table.h"
#include "scenario/testing/fake_world.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const Error kRefused = Error::from_errno(EINVAL, "cannot write it");

Step half(std::vector<CgroupDef> setup = {}) { return {.setup = std::move(setup), .hold = HoldSpec::fraction(0.5)}; }

TEST(Backdrop, IsSetUpInOrderAndOutlivesTheSteps) {
  FakeWorld world;
  Backdrop backdrop;
  backdrop.push_cgroup(CgroupDef::named("base").workers(2))
      .push_op(Op::set_nice("base", 5))
      .push_payload(program("load"));
  ASSERT_TRUE(world.run(backdrop, {half({CgroupDef::named("a")}), half()}));
  EXPECT_THAT(world.log,
              ElementsAre("scenario began: 0 cgroups, 0 workers", "spawn base", "release base", "set_nice base 5",
                          "start load in ''", "step 1 began: 1 cgroups, 2 workers", "spawn a", "release a",
                          "step 1 resumed: 2 cgroups, 3 workers", "hold 500 ms", "step 1 paused: 2 cgroups, 3 workers",
                          "stop a", "collect a", "step 1 ended: 1 cgroups, 2 workers",
                          "step 2 began: 1 cgroups, 2 workers", "step 2 resumed: 1 cgroups, 2 workers", "hold 500 ms",
                          "step 2 paused: 1 cgroups, 2 workers", "step 2 ended: 1 cgroups, 2 workers", "kill load",
                          "stop base", "collect base", "scenario ended: 0 cgroups, 0 workers"));
  EXPECT_THAT(world.ops.groups(), IsEmpty());
}

TEST(Backdrop, ThatIsEmptyTouchesNothing) {
  FakeWorld world;
  ASSERT_TRUE(world.run({}, {{.hold = HoldSpec::fixed(1ms)}}));
  EXPECT_THAT(world.ops.calls(), IsEmpty());
}

TEST(Backdrop, LabelsWhatItMeasuredWithPhaseZero) {
  FakeWorld world;
  const auto result = world.run(Backdrop{.cgroups = {CgroupDef::named("base")}}, {half()});
  ASSERT_TRUE(result);
  ASSERT_EQ(result->cgroups.size(), 1u);
  EXPECT_EQ(result->cgroups[0].step, 0);
}

TEST(Backdrop, ThatFailsIsCollectedBeforeItsOneDetailIsAddedAndNoStepRuns) {
  FakeWorld world;
  world.change_fails.emplace("set_nice", kRefused);
  Backdrop backdrop;
  backdrop.push_cgroup(CgroupDef::named("base")).push_op(Op::set_nice("base", 5));
  world.idle_workers = true;
  const auto result = world.run(backdrop, {half({CgroupDef::named("a")})});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->verdict(), Verdict::kFail);
  ASSERT_EQ(result->details.size(), 2u);
  EXPECT_EQ(result->details[0].kind, DetailKind::kNoProgress);
  EXPECT_EQ(result->details[1].kind, DetailKind::kBackdropFailed);
  EXPECT_EQ(result->details[1].message,
            "the Backdrop could not be set up: set_nice base 5: cannot write it: Invalid argument (EINVAL)");
  EXPECT_EQ(result->cgroups.size(), 1u);  // what did start has its numbers
  EXPECT_THAT(world.log, Not(Contains("spawn a")));
  EXPECT_THAT(world.ops.groups(), IsEmpty());
}

TEST(Backdrop, OwnsItsCpusetRecordsWhateverStepChangesThem) {
  FakeWorld world;
  const Backdrop backdrop{.cgroups = {CgroupDef::named("base").cpuset(CpusetSpec::llc(0))}};
  const auto result = world.run(
      backdrop, {{.ops = {Op::set_cpuset("base", CpusetSpec::llc(1))}, .hold = HoldSpec::fraction(0.5)}, half()});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->cgroups.at(0).cpuset, (CpuSet{2, 3}));
  // While it changes, the isolation check allows both.
  EXPECT_THAT(world.log, testing::IsSupersetOf({"allow base 0-3", "allow base 2-3"}));
}

TEST(Loop, SetsUpOnceAndRepeatsItsOpsUntilTheTimeIsOver) {
  FakeWorld world;
  const auto result =
      world.run({{.setup = {CgroupDef::named("a")}, .ops = {Op::set_nice("a", 3)}, .hold = HoldSpec::loop(300ms)}});
  ASSERT_TRUE(result);
  EXPECT_EQ(std::count(world.log.begin(), world.log.end(), "set_nice a 3"), 4);
  EXPECT_EQ(std::count(world.log.begin(), world.log.end(), "spawn a"), 1);
  EXPECT_EQ(std::count(world.log.begin(), world.log.end(), "hold 300 ms"), 3);
  EXPECT_THAT(world.log, Contains("hold 100 ms"));
  EXPECT_EQ(world.stimuli.size(), 4u);
  EXPECT_THAT(result->details, IsEmpty());
}

TEST(Loop, WithoutTimeForItsFirstRoundDecidesNothing) {
  FakeWorld world;
  world.spawn_takes = 200ms;
  const auto result = world.run({{.setup = {CgroupDef::named("a")}, .hold = HoldSpec::fixed(900ms)},
                                 {.setup = {CgroupDef::named("b")}, .hold = HoldSpec::loop(50ms)}});
  ASSERT_TRUE(result) << result.error().render();
  ASSERT_EQ(result->details.size(), 1u);
  EXPECT_EQ(result->details[0].verdict, Verdict::kInconclusive);
  EXPECT_EQ(result->details[0].message, "step 2 of 2 holds for 0s of its 50ms: the scenario is over then");
}

TEST(Loop, EndsWithTheScheduler) {
  FakeWorld world;
  world.scheduler_ends = world.time + 400ms;
  const auto result = world.run({{.setup = {CgroupDef::named("a")}, .hold = HoldSpec::loop(300ms)}});
  ASSERT_TRUE(result);
  EXPECT_THAT(result->details.at(0).message, HasSubstr("during step 1 of 1, 100ms into its hold, 400ms after"));
}

TEST(Steps, DoTheirOpsBeforeTheirSetUp) {
  FakeWorld world;
  const Backdrop backdrop{.cgroups = {CgroupDef::named("base")}};
  ASSERT_TRUE(world.run(backdrop, {{.setup = {CgroupDef::named("a")}, .ops = {Op::set_nice("base", 1)}}}));
  const auto at = [&](const char* text) { return std::find(world.log.begin(), world.log.end(), text); };
  EXPECT_LT(at("set_nice base 1"), at("spawn a"));
}

TEST(Setup, CanBeAFunctionOfTheTopology) {
  FakeWorld world;
  const auto one_per_llc = [](const Ctx& ctx) {
    std::vector<CgroupDef> defs;
    for (const auto& llc : ctx.topology().llcs)
      defs.push_back(CgroupDef::named(fmt::format("llc{}", llc.id)).cpuset(CpusetSpec::llc(llc.id)));
    return defs;
  };
  ASSERT_TRUE(world.run({{.setup = one_per_llc}}));
  EXPECT_THAT(world.log, testing::IsSupersetOf({"spawn llc0", "spawn llc1"}));
}

TEST(Phases, ArePublishedWhileAStepRunsAndPutBackAfterIt) {
  FakeWorld world;
  Ctx ctx = world.ctx();
  ExecutionState(ctx).set_step(9);
  std::vector<int> seen;
  ExecutorHooks hooks = world.hooks();
  hooks.hold_until = [&](int, Nanoseconds deadline) -> Result<HoldEnd> {
    seen.push_back(ctx.step());
    world.time = deadline;
    return HoldEnd::kTimeOver;
  };
  ASSERT_TRUE(run_scenario(ctx, {}, {half(), half()}, {}, hooks));
  EXPECT_THAT(seen, ElementsAre(1, 2));
  EXPECT_EQ(ctx.step(), 9);
}

TEST(Stimulus, SaysWhatWasDoneToTheSystem) {
  FakeWorld world;
  world.spawn_takes = 20ms;
  const Backdrop backdrop{.cgroups = {CgroupDef::named("base").workers(2)}};
  const Op nice = Op::set_nice("base", 1), freeze = Op::freeze_cgroup("base"), thaw = Op::unfreeze_cgroup("base");
  ASSERT_TRUE(world.run(backdrop, {half(), {.setup = {CgroupDef::named("a")}, .ops = {nice, freeze, thaw}}}));
  ASSERT_EQ(world.stimuli.size(), 2u);
  EXPECT_TRUE(world.stimuli[0].op_kinds.empty());
  const Stimulus& second = world.stimuli[1];
  EXPECT_EQ(second.step, 2);
  EXPECT_EQ(second.ops, 3);
  EXPECT_EQ(second.op_kinds, op_names({nice, freeze, thaw}));
  EXPECT_EQ(second.cgroups, 2);
  EXPECT_EQ(second.workers, 3);
  EXPECT_EQ(second.iterations, 21u);
  EXPECT_EQ(second.elapsed_ms, 520u);
}

TEST(SchedulerDeath, IsReportedByWhatTheExitProbeSaw) {
  for (const auto& [end, kind, words] :
       {std::tuple(SchedulerEnd::kCrashed, DetailKind::kSchedulerCrashed, "the scheduler crashed during step 1"),
        std::tuple(SchedulerEnd::kStalled, DetailKind::kSchedulerStalled,
                   "the scheduler was ended by the kernel's watchdog during step 1"),
        std::tuple(SchedulerEnd::kExitedCleanly, DetailKind::kSchedulerExited,
                   "the scheduler ended without an error during step 1"),
        std::tuple(SchedulerEnd::kUnknown, DetailKind::kSchedulerDied,
                   "the scheduler died, and nothing says why, during step 1")}) {
    FakeWorld world;
    world.scheduler_end = end;
    world.scheduler_ends = world.time + 100ms;
    const auto result = world.run({half({CgroupDef::named("a")})});
    ASSERT_TRUE(result);
    EXPECT_EQ(result->details.at(0).kind, kind);
    EXPECT_THAT(result->details.at(0).message, HasSubstr(words));
  }
}

TEST(SchedulerDeath, ComesAfterTheBackdropWasSetUpAndCollectsIt) {
  FakeWorld world;
  world.scheduler_ends = world.time + 100ms;
  const auto result = world.run(Backdrop{.cgroups = {CgroupDef::named("base")}}, {half(), half()});
  ASSERT_TRUE(result);
  EXPECT_THAT(world.log, Contains("collect base"));
  EXPECT_EQ(result->cgroups.size(), 1u);
  EXPECT_THAT(world.ops.groups(), IsEmpty());
}

}  // namespace
}  // namespace ktstr
