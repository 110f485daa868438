// SPDX-License-Identifier: Apache-2.0
#include "scenario/plan/plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "scenario/plan/planned_work.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;

Result<ScenarioPlan> plan(const std::vector<Step>& steps, Nanoseconds duration = 1s,
                          const Topology& topology = {1, 2, 2, 1}, std::uint64_t seed = 1) {
  const TestTopology machine = TestTopology::expected_for(topology);
  const Ctx ctx({.topology = &machine, .settings = {.duration = duration, .seed = seed}});
  ScenarioPlan planned;
  const auto mistakes = plan_scenario(ctx, {}, steps, planned);
  if (!mistakes.empty()) return fail(ErrorCode::kInvalidArgument, "{}", describe(mistakes));
  return planned;
}

std::string mistakes(const std::vector<Step>& steps, Nanoseconds duration = 1s) {
  const auto planned = plan(steps, duration);
  return planned ? "none" : planned.error().message();
}

TEST(PlanScenario, ResolvesHoldsAndCpusets) {
  const auto planned = plan({{.setup = {CgroupDef::named("a").cpuset(CpusetSpec::llc(1)), CgroupDef::named("b")},
                              .hold = HoldSpec::fraction(0.5),
                              .name = "first"}});
  ASSERT_TRUE(planned) << planned.error().render();
  const PlannedStep& step = planned->steps.at(0);
  EXPECT_EQ(step.name, "first");
  EXPECT_EQ(step.hold, 500ms);
  EXPECT_EQ(step.cgroups.at(0).cpuset, (CpuSet{2, 3}));
  EXPECT_EQ(step.cgroups.at(1).cpuset, std::nullopt);
}

TEST(PlanScenario, NeedsOnlyTheControllersThatStepsUse) {
  const auto controllers = [](CgroupDef def) { return plan({{.setup = {std::move(def)}}})->controllers[""]; };
  using List = std::vector<std::string>;
  EXPECT_EQ(controllers(CgroupDef::named("a")), List{});
  EXPECT_EQ(controllers(CgroupDef::named("a").cpuset(CpusetSpec::all())), List{"cpuset"});
  EXPECT_EQ(controllers(CgroupDef::named("a").cpu_weight(50)), List{"cpu"});
  EXPECT_EQ(controllers(CgroupDef::named("a").cpu_weight(50).cpuset(CpusetSpec::all())), (List{"cpuset", "cpu"}));
}

TEST(PlanScenario, RefusesHalfAPair) {
  const auto of = [](const CgroupDef& def) { return mistakes({{.setup = {def}}}); };
  EXPECT_EQ(of(CgroupDef::named("a").workers(4).work_type(PipeIo{})), "none");
  EXPECT_EQ(of(CgroupDef::named("a").workers(1).work_type(PipeIo{})),
            "step 1: cgroup 'a': PipeIo needs workers in pairs, not 1");
  EXPECT_EQ(of(CgroupDef::named("a").workers_pct(0.7).work_type(FutexPingPong{})),
            "step 1: cgroup 'a': FutexPingPong needs workers in pairs, not 3");
  const std::string spawned = mistakes({{.ops = {Op::spawn_host({.workers = 3, .type = PipeIo{}})}}});
  EXPECT_NE(spawned.find("PipeIo needs workers in pairs, not 3"), std::string::npos) << spawned;
}

// Also where the run decides the type.
TEST(PlanScenario, WithoutANumberThereAreAsManyWorkersAsAGroupNeeds) {
  const auto workers = [](const std::string& work_type) {
    const TestTopology machine = TestTopology::expected_for({1, 2, 2, 1});
    const Ctx ctx({.topology = &machine, .settings = {.duration = 1s, .work_type = work_type}});
    std::vector<std::string> found;
    const CgroupDef def = CgroupDef::named("a").work_type(PipeIo{}).swappable(true);
    const PlannedCgroup planned = plan_cgroup(def, ctx, 0, found);
    EXPECT_TRUE(found.empty());
    return planned.work.at(0).workers;
  };
  EXPECT_EQ(workers(""), 2);
  EXPECT_EQ(workers("ThunderingHerd"), 8);
}

TEST(PlanScenario, RefusesARunsWorkTypeThatThereIsNot) {
  const TestTopology machine = TestTopology::expected_for({1, 2, 2, 1});
  const Ctx ctx({.topology = &machine, .settings = {.duration = 1s, .work_type = "Lively"}});
  ScenarioPlan planned;
  const auto found = plan_scenario(ctx, {}, {{.setup = {CgroupDef::named("a").swappable(true)}}}, planned);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].message, "there is no work type 'Lively'; 'ktstr work list' shows all there are");
}

TEST(PlanScenario, AllowsANameAgainInALaterStep) {
  const Step step{.setup = {CgroupDef::named("a")}, .hold = HoldSpec::fraction(0.5)};
  EXPECT_EQ(mistakes({step, step}), "none");
}

TEST(PlanScenario, ListsAllMistakesWithTheirSteps) {
  const std::vector<Step> steps = {
      {.setup = {CgroupDef::named("a"), CgroupDef::named("a")}, .hold = HoldSpec::fraction(std::nan(""))},
      {.setup = {CgroupDef::named("b").cpuset(CpusetSpec::llc(5)), CgroupDef::named("c").work_type(Mixed{.spins = 0})},
       .hold = HoldSpec::fixed(-1ms)}};
  EXPECT_EQ(mistakes(steps),
            "step 1: a hold of nan times the duration is not valid; a fraction is finite and > 0\n"
            "step 1: a cgroup 'a' is there already; give this one another name\n"
            "step 2: a hold of -1ms is not valid; a time is not negative\n"
            "step 2: cgroup 'b': cpuset llc(5): there is no LLC 5: the machine has 2 LLCs, counted from 0\n"
            "step 2: cgroup 'c': Mixed: spins is 0, must be at least 1");
  EXPECT_EQ(plan(steps).error().code(), ErrorCode::kInvalidArgument);
}

TEST(PlanScenario, RefusesAStepThatNoTimeIsLeftFor) {
  EXPECT_EQ(
      mistakes({Step{}, Step{}}),
      "step 2: no time is left for this step: the holds before it take all of the scenario's 1s; make them shorter, "
      "or the duration longer");
  EXPECT_EQ(mistakes({Step{}, Step{.hold = HoldSpec::fixed(0ns)}}), "none");
}

TEST(PlanScenario, RefusesAScenarioWithoutStepsOrTime) {
  EXPECT_EQ(mistakes({}), "a scenario needs at least one step");
  EXPECT_EQ(mistakes({Step{}}, 0ns), "a duration of 0s is not valid; accepted: longer than 0s");
}

TEST(PlanScenario, RefusesThreadsOfOneProcessWithDifferentIds) {
  EXPECT_EQ(mistakes({{.setup = {CgroupDef::named("a").pcomm("web").work({.uid = 1000})}}}),
            "step 1: cgroup 'a': workers of the process 'web' have uid none of its own and 1000; threads of one "
            "process share it: give them the same, or another pcomm");
  EXPECT_EQ(mistakes({{.setup = {CgroupDef::named("a").gid(7).pcomm("web").work({.gid = 8})}}}),
            "step 1: cgroup 'a': workers of the process 'web' have gid 7 and 8; threads of one process share it: give "
            "them the same, or another pcomm");
  const CgroupDef apart = CgroupDef::named("a").uid(1).work({.pcomm = "web", .uid = 2}).work({.pcomm = "db"});
  EXPECT_EQ(mistakes({{.setup = {apart}}}), "none");
  EXPECT_EQ(mistakes({{.setup = {CgroupDef::named("a").uid(1).pcomm("web").work({})}}}), "none");
  EXPECT_EQ(mistakes({{.ops = {Op::spawn_host({.pcomm = "sixteen-bytes-xx"})}}}),
            "step 1, op 1: spawn: 'sixteen-bytes-xx' cannot be a pcomm; accepted: 1 to 15 bytes without a NUL");
}

TEST(SpawnedTogether, AreTheGroupsWithOnePcommAndOtherwiseEachByItself) {
  const WorkSpec process, web{.pcomm = "web"}, db{.pcomm = "db"};
  using Positions = std::vector<std::vector<std::size_t>>;
  EXPECT_EQ(spawned_together({process, process}), (Positions{{0}, {1}}));
  EXPECT_EQ(spawned_together({web, process, db, web, db}), (Positions{{0, 3}, {1}, {2, 4}}));
  EXPECT_EQ(spawned_together({}), Positions{});
}

TEST(PlanScenario, ChoosesRandomCpusForEachCgroupOfEachStep) {
  const std::vector<CgroupDef> defs = {CgroupDef::named("a").cpuset(CpusetSpec::random(8)),
                                       CgroupDef::named("b").cpuset(CpusetSpec::random(8))};
  const std::vector<Step> steps = {{.setup = defs, .hold = HoldSpec::fraction(0.5)}, {.setup = defs}};
  std::set<std::string> chosen;
  for (const std::uint64_t seed : {1u, 2u, 2u}) {
    const auto planned = plan(steps, 1s, {1, 2, 8, 1}, seed);
    ASSERT_TRUE(planned) << planned.error().render();
    for (const PlannedStep& step : planned->steps)
      for (const PlannedCgroup& cgroup : step.cgroups) chosen.insert(cgroup.cpuset->to_string());
  }
  EXPECT_EQ(chosen.size(), 8u);  // of two seeds
}

TEST(PlannedWork, IsThatOfCgroupsAndOfOps) {
  const TestTopology machine = TestTopology::expected_for({1, 2, 2, 1});
  const auto modules = [&](const Step& step, bool on_host = false) {
    const Ctx ctx({.topology = &machine, .settings = {.duration = 1s}, .on_host = on_host});
    ScenarioPlan planned;
    EXPECT_EQ(describe(plan_scenario(ctx, {}, {step}, planned)), "");
    const Status ready = on_host ? make_machine_ready(ctx, planned) : ok();
    EXPECT_EQ(ready ? "" : ready.error().message(),
              on_host ? "IoRandRead needs a guest: it loads modules of the kernel" : "");
    return needed_modules(ctx, planned);
  };
  using List = std::vector<std::string>;
  EXPECT_EQ(modules({.setup = {CgroupDef::named("a")}}), List{});
  const List disk = {"configfs", "null_blk"};
  EXPECT_EQ(
      modules({.setup = {CgroupDef::named("a").work_type(IoSyncWrite{}), CgroupDef::named("b").work_type(IoConvoy{})}}),
      disk);
  EXPECT_EQ(modules({.ops = {Op::spawn_host({.type = IoRandRead{}})}}), disk);
  EXPECT_EQ(modules({.setup = {CgroupDef::named("a").work_type(IoRandRead{})}}, true), disk);
}

TEST(PlanScenario, NeedsTheControllersOfWorkTypes) {
  using List = std::vector<std::string>;
  EXPECT_EQ(plan({{.setup = {CgroupDef::named("a").work_type(CgroupChurn{})}}})->controllers[""], List{"cpu"});
  EXPECT_EQ(
      plan({{.ops = {Op::add_cgroup("a"), Op::spawn_workers("a", {.type = CgroupAttachStorm{}})}}})->controllers[""],
      List{"cpu"});
}

}  // namespace
}  // namespace ktstr
