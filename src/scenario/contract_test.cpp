// SPDX-License-Identifier: Apache-2.0
//
// Lines of docs/scenario-contract.md that no test of a single part proves: what a whole scenario is refused for, who
// owns what, and the order of the end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "scenario/execution_state.h"
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

Step half_of_ops(std::vector<Op> ops = {}) { return Step::with_ops(std::move(ops), HoldSpec::fraction(0.5)); }
Backdrop two_groups() { return {.cgroups = {CgroupDef::named("a"), CgroupDef::named("b")}}; }

// Why a scenario is refused; nothing has been touched then.
std::string refusal(const Backdrop& backdrop, const std::vector<Step>& steps) {
  FakeWorld world;
  const auto result = world.run(backdrop, steps);
  EXPECT_THAT(world.ops.calls(), IsEmpty());
  EXPECT_THAT(world.log, IsEmpty());
  return result ? "none" : result.error().message();
}

// --- 2: before anything runs

TEST(Refused, IsALoopWithoutAnInterval) {
  EXPECT_EQ(refusal({}, {half_of_ops(), {.hold = HoldSpec::loop(0ns)}}),
            "step 2: a loop of 0s is not valid; an interval is longer than 0s");
}

TEST(Refused, IsASchedulerAmongThePayloads) {
  const Payload scheduler = Payload::scheduler("scx", "/bin/scx");
  const char* const why = "'scx' is a scheduler and no payload; a scheduler is what the test declares";
  EXPECT_THAT(refusal(Backdrop{.payloads = {scheduler}}, {half_of_ops()}), HasSubstr(why));
  EXPECT_THAT(refusal(Backdrop{.ops = {Op::run_payload(scheduler)}}, {half_of_ops()}), HasSubstr(why));
}

std::vector<std::string> enabled_for(const Backdrop& backdrop, std::vector<Op> ops) {
  FakeWorld world;
  const auto result = world.run(backdrop, {half_of_ops(std::move(ops))});
  EXPECT_TRUE(result) << result.error().render();
  const auto enabled = world.ops.enabled_controllers();
  return {enabled.begin(), enabled.end()};
}

TEST(ControllersOfAScenario, AreTheSmallestSetThatItsOpsNeed) {
  for (const Op& op : {Op::set_cpuset("a", CpusetSpec::llc(0)), Op::clear_cpuset("a"), Op::swap_cpusets("a", "b"),
                       Op::set_affinity("a", AffinityIntent::single_cpu())})
    EXPECT_THAT(enabled_for(two_groups(), {op}), ElementsAre("cpuset")) << op.describe();
  EXPECT_THAT(enabled_for(two_groups(), {Op::set_weight("a", 50)}), ElementsAre("cpu"));
  EXPECT_THAT(enabled_for(two_groups(),
                          {Op::add_cgroup_def(CgroupDef::named("c").memory_max(1 << 20).io_weight(50).pids_max(9))}),
              ElementsAre("io", "memory", "pids"));
  for (const Op& op :
       {Op::add_cgroup("c"), Op::stop_cgroup("a"), Op::kill_cgroup("a"), Op::move_all_tasks("a", "b"),
        Op::freeze_cgroup("a"), Op::spawn_workers("a", {}), Op::set_nice("a", 1), Op::set_uclamp("a", 0, 9),
        Op::core_sched_create("a"), Op::run_payload(program("p")), Op::capture_cgroup_procs("t", "a")})
    EXPECT_THAT(enabled_for(two_groups(), {op}), IsEmpty()) << op.describe();
}

TEST(ControllersOfAScenario, AreEnabledBeforeTheFirstFileIsWritten) {
  FakeWorld world;
  ASSERT_TRUE(world.run(two_groups(), {half_of_ops({Op::set_weight("a", 50)})}));
  EXPECT_EQ(world.ops.calls().front(), "enable cpu");
}

// --- 4: steps

TEST(SchedulerUnderTest, IsWatchedByThePidThatItHasNow) {
  FakeWorld world;
  world.scheduler_pid = 7;
  Ctx ctx = world.ctx();
  ExecutorHooks hooks = world.hooks();
  std::vector<int> held, probed;
  hooks.scheduler_alive = [&](int pid) -> Result<bool> {
    probed.push_back(pid);
    return true;
  };
  hooks.hold_until = [&](int pid, Nanoseconds deadline) -> Result<HoldEnd> {
    held.push_back(pid);
    world.time = deadline;
    // Replaced in the first step, detached in the second.
    ExecutionState(ctx).set_scheduler_pid(held.size() == 1 ? 8 : 0);
    return HoldEnd::kTimeOver;
  };
  const Step third = Step::holding(HoldSpec::fraction(1.0 / 3));
  ASSERT_TRUE(run_scenario(ctx, {}, {third, third, third}, {}, hooks));
  EXPECT_THAT(held, ElementsAre(7, 8, 0));
  EXPECT_THAT(probed, ElementsAre(8, 0, 0));
}

TEST(Phases, SaturateAtTheLastThatTheRecordHolds) {
  FakeWorld world;
  Ctx ctx = world.ctx();
  ExecutorHooks hooks = world.hooks();
  int last = 0;
  hooks.hold_until = [&](int, Nanoseconds) -> Result<HoldEnd> {
    last = ctx.step();
    return HoldEnd::kTimeOver;
  };
  testing::internal::CaptureStderr();
  ASSERT_TRUE(run_scenario(ctx, {}, std::vector(65'537, Step::holding(HoldSpec::fixed(0ns))), {}, hooks));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("65536 steps do not fit into the stimulus record"));
  EXPECT_EQ(last, 65'535);
  EXPECT_EQ(world.stimuli.back().step, 65'535);
}

// Of cgroups there would have to be more than a test has time for.
TEST(Stimulus, SaturatesWhereANumberDoesNotFitAndWarns) {
  FakeWorld world;
  world.duration = std::chrono::hours(24 * 60);
  CgroupDef crowd = CgroupDef::named("crowd").workers(4096);
  for (int i = 0; i < 16; ++i) crowd.work({.workers = 4096});
  Step ops{.hold = HoldSpec::fixed(1ms)};
  ops.ops.assign(65'537, Op::set_weight("one_more", 100));
  ops.ops.front() = Op::add_cgroup("one_more");
  testing::internal::CaptureStderr();
  ASSERT_TRUE(world.run({half_of_ops(),
                         {.setup = {crowd}, .hold = HoldSpec::fixed(1ms)},
                         ops,
                         half_of_ops(),
                         {.hold = HoldSpec::fixed(0ns)}}));
  const std::string warned = testing::internal::GetCapturedStderr();
  ASSERT_EQ(world.stimuli.size(), 5u);
  EXPECT_EQ(world.stimuli[1].workers, 65'535);
  EXPECT_EQ(world.stimuli[1].iterations, 7u * 17 * 4096);
  EXPECT_EQ(world.stimuli[2].ops, 65'535);
  EXPECT_EQ(world.stimuli[4].elapsed_ms, 0xffff'ffffu);
  for (const char* what : {"69632 workers", "65537 ops", "ms since the start"})
    EXPECT_THAT(warned, HasSubstr(fmt::format("{} do not fit into the stimulus record", what)));
}

TEST(Refused, IsAnOpOnACgroupThatTheSameStepsSetUpMakesLater) {
  const Step step{.setup = {CgroupDef::named("late")}, .ops = {Op::set_nice("late", 1)}};
  EXPECT_THAT(refusal({}, {step}),
              HasSubstr("the cgroup 'late' is only created by this step's set-up, which comes after its ops"));
}

// --- 5: names and ownership

TEST(Refused, IsANameThatIsTaken) {
  EXPECT_EQ(refusal(two_groups(), {{.setup = {CgroupDef::named("a")}}}),
            "step 1: a cgroup 'a' is there already, in the Backdrop; give this one another name");
  EXPECT_EQ(refusal(two_groups(), {half_of_ops({Op::add_cgroup("c"), Op::add_cgroup("c")})}),
            "step 1, op 2: add_cgroup: a cgroup 'c' is there already; give this one another name");
}

TEST(PayloadsOfAScenario, MayRunInTwoCgroupsButNotTwiceInOne) {
  FakeWorld world;
  const auto result = world.run(
      two_groups(),
      {half_of_ops({Op::run_payload_in_cgroup("a", program("p")), Op::run_payload_in_cgroup("b", program("p"))})});
  ASSERT_TRUE(result) << result.error().render();
  EXPECT_EQ(result->payloads.size(), 2u);
  EXPECT_EQ(refusal(two_groups(), {half_of_ops({Op::run_payload_in_cgroup("a", program("p")),
                                                Op::run_payload_in_cgroup("a", program("p"))})}),
            "step 1, op 2: run_payload: the payload 'p' runs in 'a' already, started by Op::run_payload; end that one "
            "before, or "
            "run this one elsewhere or under another name");
  const Backdrop loaded{.cgroups = {CgroupDef::named("a").workload(program("p"))}};
  EXPECT_EQ(
      refusal(loaded, {half_of_ops({Op::run_payload_in_cgroup("a", program("p"))})}),
      "step 1, op 1: run_payload: the payload 'p' runs in 'a' already, started by CgroupDef::workload; end that one "
      "before, or run this one elsewhere or under another name");
}

TEST(PayloadsOfAScenario, AreNamedAloneOnlyWhereThereIsOne) {
  const Op in_a = Op::run_payload_in_cgroup("a", program("p")), in_b = Op::run_payload_in_cgroup("b", program("p"));
  for (const Op& end : {Op::wait_payload("p"), Op::kill_payload("p")}) {
    EXPECT_EQ(
        refusal(two_groups(), {half_of_ops({in_a, in_b, end})}),
        fmt::format("step 1, op 3: {}: the payload 'p' runs in 'a' and in 'b'; say which by its cgroup", end.name()));
    EXPECT_EQ(refusal(two_groups(), {half_of_ops({end})}),
              fmt::format("step 1, op 1: {}: no payload 'p' runs at this point; start it before", end.name()));
  }
  FakeWorld world;
  const auto result = world.run(
      two_groups(), {half_of_ops({in_a, in_b, Op::kill_payload_in_cgroup("a", "p"), Op::kill_payload("p"), in_a})});
  ASSERT_TRUE(result) << result.error().render();
  EXPECT_EQ(result->payloads.size(), 3u);
}

TEST(Moves, DoNotStrandWorkersOfTheBackdropInAStep) {
  EXPECT_THAT(refusal(two_groups(), {half_of_ops({Op::add_cgroup("c"), Op::move_all_tasks("a", "c")})}),
              HasSubstr("'a' belongs to the Backdrop and 'c' to this step: the workers would end with the step"));
  EXPECT_THAT(refusal(two_groups(), {half_of_ops({Op::move_all_tasks("a", "a")})}),
              HasSubstr("from and to are both 'a'"));
}

TEST(Moves, StayWithinAStepOrWithinTheBackdrop) {
  FakeWorld world;
  Backdrop backdrop = two_groups();
  backdrop.push_op(Op::move_all_tasks("a", "b"));
  const auto result = world.run(
      backdrop,
      {half_of_ops({Op::add_cgroup_def(CgroupDef::named("c")), Op::add_cgroup("d"), Op::move_all_tasks("c", "d")}),
       half_of_ops({Op::move_all_tasks("b", "a")})});
  ASSERT_TRUE(result) << result.error().render();
  EXPECT_EQ(result->verdict(), Verdict::kPass);
  // By where they were last: the step's worker ended with the step, the Backdrop's two at the end.
  ASSERT_EQ(result->cgroups.size(), 2u);
  EXPECT_EQ(std::pair(result->cgroups[0].cgroup, result->cgroups[0].workers), std::pair(std::string("d"), 1));
  EXPECT_EQ(std::pair(result->cgroups[1].cgroup, result->cgroups[1].workers), std::pair(std::string("a"), 2));
}

TEST(CpusetRecords, OfAStepsCgroupEndWithTheStep) {
  FakeWorld world;
  const CgroupDef bound = CgroupDef::named("c").cpuset(CpusetSpec::llc(0));
  const auto result = world.run({half_of_ops({Op::add_cgroup_def(bound), Op::set_cpuset("c", CpusetSpec::llc(1))}),
                                 half_of_ops({Op::add_cgroup_def(CgroupDef::named("c"))})});
  ASSERT_TRUE(result) << result.error().render();
  ASSERT_EQ(result->cgroups.size(), 2u);
  EXPECT_EQ(result->cgroups[0].cpuset, (CpuSet{2, 3}));
  EXPECT_THAT(result->cgroups[1].cpuset, IsEmpty());
}

TEST(Refused, IsAFlagThatThePayloadDoesNotKnow) {
  Payload picky = program("p");
  picky.known_flags({"--runtime"});
  EXPECT_THAT(refusal({}, {half_of_ops({Op::run_payload(picky, {"--runtme=3"})})}), HasSubstr("--runtme"));
  FakeWorld world;
  EXPECT_TRUE(world.run({half_of_ops({Op::run_payload(picky, {"file", "-x", "--", "--runtime=3"})})}));
}

// --- 6: memory policy

TEST(Refused, IsAMemoryPolicyThatTheCpusetDoesNotCover) {
  FakeWorld world;
  world.topology = TestTopology::expected_for(Topology{2, 2, 2, 1});
  const auto on_node_0 = [](MemPolicy policy) {
    return Step{.setup = {CgroupDef::named("a").cpuset(CpusetSpec::node(0)).mem_policy(std::move(policy))}};
  };
  const auto result = world.run({on_node_0(MemPolicy::bind({1}))});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message(), HasSubstr("step 1: cgroup 'a': "));
  EXPECT_THAT(world.ops.calls(), IsEmpty());
  EXPECT_TRUE(world.run({on_node_0(MemPolicy::bind({1}).with_flags(MemPolicy::kStaticNodes))}));
}

// --- 7: teardown

TEST(Teardown, ThawsKillsPayloadsHearsOfStallsAndThenStopsWorkers) {
  for (const bool fails : {false, true}) {
    FakeWorld world;
    if (fails) world.ops.fail_matching("set a cpu.weight 50", Error::from_errno(EIO, "cannot write it"));
    Ctx ctx = world.ctx();
    ExecutorHooks hooks = world.hooks();
    std::vector<std::string> log, calls;
    hooks.stalls = [&]() -> std::vector<Detail> {
      if (log.empty()) log = world.log, calls = world.ops.calls();
      return {};
    };
    const Step step = half_of_ops({Op::add_cgroup_def(CgroupDef::named("a")), Op::run_payload(program("p")),
                                   Op::freeze_cgroup("a"), Op::set_weight("a", 50)});
    const auto result = run_scenario(ctx, {}, {step}, {}, hooks);
    ASSERT_TRUE(result) << result.error().render();
    EXPECT_EQ(result->verdict(), fails ? Verdict::kFail : Verdict::kPass);
    EXPECT_THAT(calls, Contains("thaw a"));
    EXPECT_THAT(log, Contains("kill p"));
    EXPECT_THAT(log, Not(Contains("stop a")));
    EXPECT_THAT(calls, Not(Contains("remove a")));
    EXPECT_THAT(world.log, Contains("collect a"));
    EXPECT_EQ(world.ops.calls().back(), "remove a");
  }
}

// --- 8: host mode

TEST(HostMonitor, DoesNotRunWhereNobodyAskedForIt) {
  const auto hooks = ExecutorHooks::real(0);
  ASSERT_TRUE(hooks) << hooks.error().render();
  EXPECT_FALSE(hooks->watch || hooks->unwatch || hooks->stalls);
}

}  // namespace
}  // namespace ktstr
