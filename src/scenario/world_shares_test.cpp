// SPDX-License-Identifier: Apache-2.0
//
// What a scenario tells the checks of shares and of use. All workers of the fake world get the same CPU time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario/executor.h"
#include "scenario/testing/fake_world.h"

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Three workers each on four CPUs, of which they get half each: entitled to 1 CPU and to 3.
CgroupDef low() { return CgroupDef::named("low").workers(3).cpu_weight(100); }
CgroupDef high() { return CgroupDef::named("high").workers(3).cpu_weight(300); }

class Shares : public testing::Test {
 protected:
  Shares() { world_.checks.share_tolerance_pct = 5; }  // the fake workers' time is too short to imply one

  AssertResult run(const std::vector<Step>& steps, const Backdrop& backdrop = {}) {
    auto result = world_.run(backdrop, steps);
    EXPECT_TRUE(result) << result.error().render();
    return result ? *result : AssertResult();
  }
  // Why they could not be judged.
  std::vector<std::string> undefined(const std::vector<Step>& steps, const Backdrop& backdrop = {}) {
    world_.checks.share = true;
    std::vector<std::string> whys;
    for (const Detail& detail : run(steps, backdrop).details)
      if (detail.kind == DetailKind::kShare && detail.verdict == Verdict::kInconclusive) whys.push_back(detail.message);
    return whys;
  }

  FakeWorld world_;
};

TEST_F(Shares, AreComparedWithTheWeightsThatTheKernelHas) {
  world_.checks.share = true;
  const AssertResult result = run({{.setup = {low(), high()}}});
  ASSERT_EQ(result.details.size(), 2u);
  EXPECT_EQ(result.details[0].kind, DetailKind::kShare);
  EXPECT_EQ(result.details[0].verdict, Verdict::kFail);
  EXPECT_THAT(result.details[0].message, HasSubstr("low got 50.0% of the CPU time, entitled to 25.0%"));
  ASSERT_EQ(result.cgroups.size(), 2u);
  EXPECT_EQ(result.cgroups[1].weight, 300);
  EXPECT_DOUBLE_EQ(result.cgroups[1].entitled_pct, 75);
}

TEST_F(Shares, ThatDoNotFollowWeightsAreNotedByDefault) {
  const AssertResult result = run({{.setup = {low(), high()}}});
  ASSERT_EQ(result.details.size(), 1u);
  EXPECT_EQ(result.details[0].kind, DetailKind::kNote);
  EXPECT_THAT(result.details[0].message, HasSubstr("weights were not followed"));
}

TEST_F(Shares, AreOfTheHierarchy) {
  world_.checks.share = true;
  run({{.setup = {CgroupDef::named("outer").no_workers().cpu_weight(50), CgroupDef::named("outer/in").workers(3),
                  high()}}});
  EXPECT_THAT(world_.ops.calls(), testing::Contains("get outer cpu.weight"));
  // It has no cpu controller: what it runs is outer's.
  EXPECT_THAT(world_.ops.calls(), testing::Not(testing::Contains("get outer/in cpu.weight")));
}

TEST_F(Shares, AreUndefinedBesideAnythingElse) {
  CgroupDef bursty = low();
  bursty.work_type(Bursty{});
  EXPECT_THAT(undefined({{.setup = {bursty, high()}}}), ElementsAre(HasSubstr("Bursty workers, which give up")));
  CgroupDef pinned = low();
  pinned.affinity(AffinityIntent::random_subset(2));
  EXPECT_THAT(undefined({{.setup = {pinned, high()}}}), ElementsAre(HasSubstr("the affinity of low")));
  CgroupDef real_time = low();
  real_time.sched_policy(SchedPolicy::fifo(1));
  EXPECT_THAT(undefined({{.setup = {real_time, high()}}}), ElementsAre(HasSubstr("the policy fifo(1) of low")));
  CgroupDef limited = low();
  limited.cpu_quota_pct(50);
  EXPECT_THAT(undefined({{.setup = {limited, high()}}}), ElementsAre(HasSubstr("low has a CPU quota")));
  CgroupDef loaded = low();
  loaded.workload(program("stress"));
  EXPECT_THAT(undefined({{.setup = {loaded, high()}}}), ElementsAre(HasSubstr("payload 'stress' ran beside")));
}

TEST_F(Shares, AreUndefinedWhereAnOpComesWhileWorkersRun) {
  const Step loop{.setup = {low(), high()},
                  .ops = {Op::set_weight("low", 500)},
                  .hold = HoldSpec::loop(std::chrono::milliseconds(300))};
  EXPECT_THAT(undefined({loop}), ElementsAre(HasSubstr("came while the workers ran")));
}

TEST_F(Shares, OfTheBackdropAndAStepAreUndefinedWhereBothHaveWorkers) {
  Backdrop backdrop;
  backdrop.push_cgroup(low()).push_cgroup(high());
  EXPECT_THAT(undefined({{.setup = {CgroupDef::named("a").workers(3), CgroupDef::named("b").workers(3)}}}, backdrop),
              ElementsAre(HasSubstr("the Backdrop's own ran beside them"), HasSubstr("workers of step 1 ran beside")));
}

TEST_F(Shares, OfTheBackdropAloneAreJudged) {
  world_.checks.share = true;
  Backdrop backdrop;
  backdrop.push_cgroup(low()).push_cgroup(high());
  EXPECT_EQ(run({Step{}}, backdrop).verdict(), Verdict::kFail);
}

class Use : public Shares {
 protected:
  AssertResult run_payload(const std::string& sched_class, const std::vector<CgroupDef>& defs = {}) {
    world_.scheduler_pid = 77;
    Ctx context = world_.ctx();
    ExecutorHooks hooks = world_.hooks();
    hooks.sched_class = [&](int) { return sched_class; };
    auto result =
        run_scenario(context, {}, {{.setup = defs, .ops = {Op::run_payload(program("stress"))}}}, world_.checks, hooks);
    EXPECT_TRUE(result) << result.error().render();
    return result ? *result : AssertResult();
  }
};

TEST_F(Use, OfTheSchedulerIsInconclusiveWhereItDoesNotRunThePayloadEither) {
  const AssertResult result = run_payload("fair");
  ASSERT_EQ(result.details.size(), 1u);
  EXPECT_EQ(result.details[0].kind, DetailKind::kSchedulerNotUsed);
  EXPECT_EQ(result.verdict(), Verdict::kInconclusive);
}

TEST_F(Use, OfTheSchedulerIsLeftToTheWorkersWhereThereAreSome) {
  EXPECT_THAT(run_payload("fair", {CgroupDef::named("a").workers(1)}).details, IsEmpty());
}

TEST_F(Use, OfTheSchedulerIsNoQuestionWhereItRunsThePayloadOrNobodyKnows) {
  EXPECT_THAT(run_payload("ext").details, IsEmpty());
  EXPECT_THAT(run_payload("").details, IsEmpty());
  world_.checks.scheduler_used = false;
  EXPECT_THAT(run_payload("fair").details, IsEmpty());
}

}  // namespace
}  // namespace ktstr
