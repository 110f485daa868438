// SPDX-License-Identifier: Apache-2.0
#include "workload/worker_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "workload/worker_group.h"

namespace ktstr {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using namespace std::chrono_literals;

std::string refusal(const WorkSpec& spec, const WorkerPlacement& placement = {.cgroup = "cg_0"}) {
  const Status status = check_worker_spec(spec, placement);
  if (status) return "(accepted)";
  EXPECT_EQ(status.error().code(), ErrorCode::kInvalidArgument);
  return status.error().render();
}

WorkerPlan planned(const WorkSpec& spec, const WorkerPlacement& placement = {.cgroup = "cg_0"}, int first_index = 0,
                   std::size_t i = 0) {
  const auto plan = plan_worker(spec, placement, first_index, i, 1);
  EXPECT_TRUE(plan) << plan.error().render();
  return *plan;
}

TEST(WorkerPlan, RefusesAttributesOutOfTheirRange) {
  EXPECT_THAT(refusal({.workers = 0}), HasSubstr("there must be at least 1"));
  EXPECT_THAT(refusal({.nice = 20}), HasSubstr("nice 20 is not within -20..19"));
  EXPECT_THAT(refusal({.nice = -21}), HasSubstr("nice -21"));
  EXPECT_THAT(refusal({.comm = ""}), HasSubstr("must have 1 to 15"));
  EXPECT_THAT(refusal({.comm = "sixteen bytes it"}), HasSubstr("has 16 bytes"));
  EXPECT_THAT(refusal({.comm = std::string("a\0b", 3)}), HasSubstr("none of them 0"));
  EXPECT_THAT(refusal({.pcomm = std::string("a\0b", 3)}), HasSubstr("pcomm"));
  EXPECT_THAT(refusal({.uid = UINT32_MAX}), HasSubstr("uid 4294967295 is not an id"));
  EXPECT_THAT(refusal({.gid = UINT32_MAX}), HasSubstr("gid 4294967295 is not an id"));
  EXPECT_THAT(refusal({.policy = SchedPolicy::fifo(0)}), HasSubstr("fifo(0)"));
  EXPECT_THAT(refusal({.uclamp_min = -1}), HasSubstr("uclamp_min -1 is not within 0..1024"));
  EXPECT_THAT(refusal({.uclamp_max = 1025}), HasSubstr("uclamp_max 1025"));
  EXPECT_THAT(refusal({.uclamp_min = 600, .uclamp_max = 500}), HasSubstr("uclamp_min 600 is above uclamp_max 500"));
}

TEST(WorkerPlan, AcceptsTheEdgesOfTheRanges) {
  EXPECT_EQ(refusal({.nice = -20, .comm = "fifteen bytes..", .uid = 0, .gid = UINT32_MAX - 1}), "(accepted)");
  EXPECT_EQ(refusal({.nice = 19, .comm = "x", .uclamp_min = 1024, .uclamp_max = 1024}), "(accepted)");
}

TEST(WorkerPlan, WantsAnAffinityForEachWorkerAndNodesWithCpus) {
  EXPECT_THAT(refusal({.workers = 3}, {.cgroup = "cg_0", .affinity = {{0}, {1}}}),
              HasSubstr("2 affinities for 3 workers"));
  EXPECT_EQ(refusal({.workers = 2}, {.cgroup = "cg_0", .affinity = {{0}, {1}}}), "(accepted)");
  EXPECT_THAT(refusal({.numa_node = 2}),
              AllOf(HasSubstr("numa_node 2: the node has no CPU"), HasSubstr("MemPolicy::bind")));
}

TEST(WorkerPlan, NamesWorkersAfterTheirCgroupUnlessTheSpecHasAName) {
  EXPECT_EQ(planned({}, {.cgroup = "cg_1"}, 4, 1).comm, "cg_1/5");
  EXPECT_EQ(planned({}, {.cgroup = "a-rather-long-name"}).comm, "a-rather-long-n");
  const WorkerPlan named = planned({.comm = "web"}, {.cgroup = "cg_1"}, 4, 1);
  EXPECT_EQ(named.comm, "web");
  EXPECT_EQ(named.name, "cg_1/5") << "for messages";
}

TEST(WorkerPlan, TakesWhatATypeKnowsOfEachWorker) {
  using namespace std::chrono_literals;
  const std::vector<ReplayPhase> phases = {{ReplayPhase::Kind::kRun, 0, 1ms}};
  const WorkSpec spec{
      .workers = 2,
      .type = Replay{.tasks = {{.name = "ui", .nice = -5, .phases = phases}, {.fifo = 20, .phases = phases}}},
      .nice = 3,
      .comm = "web",
      .slice = 3ms};
  const WorkerPlan ui = planned(spec, {.cgroup = "cg_0"}, 0, 0), real_time = planned(spec, {.cgroup = "cg_0"}, 0, 1);
  EXPECT_EQ(ui.comm, "ui");
  EXPECT_EQ(ui.nice, -5);
  EXPECT_EQ(ui.policy, SchedPolicy::normal());
  EXPECT_EQ(ui.slice, 3ms);
  EXPECT_EQ(real_time.comm, "web");
  EXPECT_EQ(real_time.nice, 3);
  EXPECT_EQ(real_time.policy, SchedPolicy::fifo(20));
  EXPECT_EQ(real_time.slice, std::nullopt) << "a real-time task has none";
}

TEST(WorkerPlan, TellsThreadsFromProcessesAndNamesTheirLeader) {
  EXPECT_EQ(planned({}).role, WorkerPlan::Role::kProcess);
  EXPECT_EQ(planned({}).task(), "worker cg_0/0");
  const WorkSpec threads{.pcomm = "web", .uid = 7};
  EXPECT_EQ(planned(threads).role, WorkerPlan::Role::kThread);
  EXPECT_EQ(planned(threads).schedstat_path, "/proc/thread-self/schedstat");
  const WorkerPlan leader =
      plan_leader({.spec = threads, .placement = {.cgroup = "cg_0", .born_on = {2, 3}, .birth_seed = 5}}, 4);
  EXPECT_EQ(leader.role, WorkerPlan::Role::kLeader);
  EXPECT_EQ(leader.task(), "process 'web' of cg_0");
  EXPECT_EQ(leader.uid, 7u);
  EXPECT_EQ(leader.birth_cpu, birth_cpu(5, {2, 3}, 4)) << "where its first worker may be";
  EXPECT_EQ(leader.policy, SchedPolicy::normal());
}

TEST(WorkerPlan, GivesEachWorkerItsOwnAffinityWithinItsNode) {
  const WorkerPlacement placement{.cgroup = "cg_0", .affinity = {{0, 1, 2}, {3}, {}}, .node_cpus = {2, 3, 4}};
  EXPECT_EQ(planned({.workers = 3}, placement, 7, 0).affinity, (CpuSet{0, 1, 2}));
  EXPECT_EQ(planned({.workers = 3}, placement, 7, 1).affinity, CpuSet{3});
  EXPECT_TRUE(planned({.workers = 3}, placement, 7, 2).affinity.empty());
  EXPECT_EQ(planned({.workers = 3, .numa_node = 1}, placement, 7, 0).affinity, CpuSet{2});
  EXPECT_EQ(planned({.workers = 3, .numa_node = 1}, placement, 7, 2).affinity, (CpuSet{2, 3, 4}));
}

TEST(WorkerPlan, RefusesAnAffinityThatIsNotOnTheNode) {
  const WorkerPlacement placement{.cgroup = "cg_0", .affinity = {{0, 1}}, .node_cpus = {2, 3}};
  const auto plan = plan_worker({.numa_node = 1}, placement, 0, 0, 1);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(plan.error().message(),
              HasSubstr("worker cg_0/0 has affinity 0-1, and none of these is on numa_node 1 (CPUs 2-3)"));
}

TEST(WorkerPlan, TakesMemoryFromTheNodeUnlessTheSpecHasAPolicyOfItsOwn) {
  const WorkerPlacement placement{.cgroup = "cg_0", .node_cpus = {2}};
  EXPECT_EQ(planned({.numa_node = 1}, placement).mem_policy, MemPolicy::bind({1}));
  EXPECT_EQ(planned({.numa_node = 1, .mem_policy = MemPolicy::preferred(0)}, placement).mem_policy,
            MemPolicy::preferred(0));
  EXPECT_EQ(planned({}, placement).mem_policy, MemPolicy{});
}

TEST(WorkerPlan, BearsPinnedWorkersWhereTheyMayStay) {
  std::set<Cpu> births;
  for (std::size_t i = 0; i < 64; ++i) {
    const WorkerPlacement placement{
        .cgroup = "cg_0", .born_on = {0, 1, 2, 3}, .affinity = std::vector<CpuSet>(64, CpuSet{1, 3, 5})};
    births.insert(planned({.workers = 64}, placement, 0, i).birth_cpu);
  }
  EXPECT_THAT(births, testing::ElementsAre(1, 3));
  const WorkerPlacement elsewhere{.cgroup = "cg_0", .allowed = CpuSet{0, 6}, .born_on = {0}, .affinity = {{5, 6}}};
  EXPECT_EQ(planned({}, elsewhere).birth_cpu, 6) << "nowhere in common: on its own CPUs, as far as the cpuset has them";
}

TEST(WorkerPlan, LetsPinnedWorkersStartAnywhereOnTheirCpusWhereNothingIsSaid) {
  const WorkerPlan plan = planned({}, {.cgroup = "cg_0", .affinity = {{2, 4}}});
  EXPECT_EQ(plan.birth_cpu, -1);
  EXPECT_EQ(plan.start_cpus.to_set(), (CpuSet{2, 4}));
  EXPECT_TRUE(planned({}, {.cgroup = "cg_0"}).start_cpus.empty());
}

TEST(StartPhase, FollowsFromSeedCgroupAndIndexAlone) {
  EXPECT_EQ(start_phase(1, "cg_0", 0), start_phase(1, "cg_0", 0));
  std::set<std::int64_t> phases;
  for (std::uint64_t seed = 0; seed < 10; ++seed)
    for (const char* cgroup : {"cg_0", "cg_1"})
      for (int index = 0; index < 10; ++index) {
        const auto phase = start_phase(seed, cgroup, index);
        EXPECT_GE(phase, 0us);
        EXPECT_LE(phase, 200us);
        phases.insert(phase.count());
      }
  EXPECT_GT(phases.size(), 190u) << "they differ";
  // Stored results depend on it: the same on every machine and in every release.
  EXPECT_EQ(start_phase(42, "cg_0", 3).count(), 166407);
}

TEST(BirthCpu, IsOneOfTheCandidatesAndDependsOnSeedAndIndex) {
  const CpuSet candidates{1, 4, 6, 7};
  std::set<Cpu> by_seed, by_index;
  for (int i = 0; i < 100; ++i) {
    by_seed.insert(birth_cpu(static_cast<std::uint64_t>(i), candidates, 0));
    by_index.insert(birth_cpu(1, candidates, i));
  }
  EXPECT_THAT(by_seed, testing::ElementsAre(1, 4, 6, 7));
  EXPECT_THAT(by_index, testing::ElementsAre(1, 4, 6, 7));
  EXPECT_EQ(birth_cpu(5, candidates, 2), birth_cpu(5, candidates, 2));
  EXPECT_EQ(birth_cpu(5, {}, 2), -1);
}

}  // namespace
}  // namespace ktstr
