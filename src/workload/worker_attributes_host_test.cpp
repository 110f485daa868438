// SPDX-License-Identifier: Apache-2.0
//
// Scheduling attributes that take a privilege, on real worker processes: needs root, skips with its reason otherwise,
// and fails instead where KTSTR_REQUIRE names root.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <thread>

#include "base/clock.h"
#include "base/file.h"
#include "base/testing/required.h"
#include "workload/task/task_affinity.h"
#include "workload/task/task_sched.h"
#include "workload/testing/worker_watch.h"
#include "workload/worker_group.h"

namespace ktstr {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr std::uint32_t kSomebody = 65534;

class WorkerAttributesOnTheHost : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() == 0) return;
    if (is_required("root")) FAIL() << "needs root, and KTSTR_REQUIRE says that we are";
    GTEST_SKIP() << "needs root";
  }
  static Result<WorkerGroup> spawn(const WorkSpec& spec, WorkerPlacement placement = {}) {
    placement.cgroup = "cg_0";
    return WorkerGroup::spawn(spec, placement, 0, 1);
  }
  static CpuSet own_cpus() { return *task_affinity(0, "the test"); }
  static TaskSched sched_of(const WorkerGroup& group) {
    const auto read = read_task_sched(group.pids()[0], "worker");
    EXPECT_TRUE(read) << read.error().render();
    return read.value_or(TaskSched{});
  }
  static void expect_to_work(WorkerGroup& group) {
    group.release();
    const Nanoseconds deadline = monotonic_now() + kPatience;
    while (group.iterations() == 0 && monotonic_now() < deadline) std::this_thread::yield();
    const auto reports = group.collect(kPatience);
    ASSERT_TRUE(reports) << reports.error().render();
    EXPECT_TRUE(reports->at(0).responded);
    EXPECT_EQ(reports->at(0).exit, "");
    EXPECT_GT(reports->at(0).iterations, 0u);
    EXPECT_GT(reports->at(0).timeslices, 0u) << "it can read its own schedstat";
  }
};

TEST_F(WorkerAttributesOnTheHost, RunsWorkersUnderEveryOrdinaryAndRealTimePolicy) {
  for (const SchedPolicy& policy :
       {SchedPolicy::normal(), SchedPolicy::batch(), SchedPolicy::idle(), SchedPolicy::fifo(3), SchedPolicy::rr(97)}) {
    auto group = spawn({.type = Bursty{.burst = 100us, .sleep = 100us}, .nice = -4, .policy = policy});
    ASSERT_TRUE(group) << group.error().render();
    EXPECT_EQ(sched_of(*group).policy, policy);
    EXPECT_EQ(sched_of(*group).nice, -4) << policy.describe();
    expect_to_work(*group);
  }
}

TEST_F(WorkerAttributesOnTheHost, RunsDeadlineWorkersOnAllCpus) {
  const SchedPolicy policy = SchedPolicy::deadline_of(1ms, 50ms, 100ms);
  // Born on one CPU, which must not be left in their mask.
  auto group = spawn({.policy = policy}, {.born_on = own_cpus()});
  if (!group && group.error().saved_errno() == EPERM) GTEST_SKIP() << group.error().render();
  ASSERT_TRUE(group) << group.error().render();
  EXPECT_EQ(sched_of(*group).policy, policy);
  expect_to_work(*group);
}

TEST_F(WorkerAttributesOnTheHost, SaysWhyAPinnedWorkerCannotHaveADeadline) {
  if (own_cpus().size() < 2) GTEST_SKIP() << "needs two CPUs";
  const CpuSet one{own_cpus().first()};
  const auto group = spawn({.policy = SchedPolicy::deadline_of(1ms, 50ms, 100ms)}, {.affinity = {one}});
  ASSERT_FALSE(group);
  EXPECT_EQ(group.error().code(), ErrorCode::kPermission);
  EXPECT_THAT(group.error().render(),
              AllOf(HasSubstr("cannot give worker cg_0/0 policy deadline(1ms/50ms/100ms)"),
                    HasSubstr("it may use CPUs " + one.to_string()), HasSubstr("AffinityIntent::inherit()"),
                    HasSubstr("cpuset_partition(\"root\")")));
}

TEST_F(WorkerAttributesOnTheHost, SaysWhyDeadlinesExceedTheBandwidth) {
  const auto group = spawn({.workers = 64, .policy = SchedPolicy::deadline_of(99ms, 100ms, 100ms)});
  if (::sysconf(_SC_NPROCESSORS_ONLN) > 60) GTEST_SKIP() << "has CPUs enough for them all";
  if (!group && group.error().saved_errno() == EPERM) GTEST_SKIP() << group.error().render();
  ASSERT_FALSE(group);
  EXPECT_EQ(group.error().code(), ErrorCode::kBusy);
  EXPECT_THAT(group.error().render(),
              AllOf(HasSubstr("sched_rt_runtime_us"), HasSubstr("less runtime or fewer workers")));
}

TEST_F(WorkerAttributesOnTheHost, RunsExtWorkersOrSaysWhatTheKernelLacks) {
  auto group = spawn({.policy = SchedPolicy::ext()});
  if (!group) {
    EXPECT_EQ(group.error().code(), ErrorCode::kUnsupported);
    EXPECT_THAT(group.error().render(), AllOf(HasSubstr("worker cg_0/0"), HasSubstr("CONFIG_SCHED_CLASS_EXT=y")));
    return;
  }
  EXPECT_EQ(sched_of(*group).policy, SchedPolicy::ext());
  expect_to_work(*group);
}

TEST_F(WorkerAttributesOnTheHost, ClampsTheUtilisationOrSaysWhatTheKernelLacks) {
  auto group = spawn({.uclamp_min = 128, .uclamp_max = 512});
  if (!group) {
    EXPECT_EQ(group.error().code(), ErrorCode::kUnsupported);
    EXPECT_THAT(group.error().render(), AllOf(HasSubstr("min 128, max 512"), HasSubstr("CONFIG_UCLAMP_TASK=y")));
    GTEST_SKIP() << group.error().render();
  }
  EXPECT_EQ(sched_of(*group).uclamp_min, 128u);
  EXPECT_EQ(sched_of(*group).uclamp_max, 512u);
  ASSERT_TRUE(group->set_policy(SchedPolicy::batch()));
  EXPECT_EQ(sched_of(*group).uclamp_min, 128u) << "another policy keeps it";
}

TEST_F(WorkerAttributesOnTheHost, AsksForASliceOrSaysWhatTheKernelLacks) {
  auto group = spawn({.slice = 7ms});
  if (!group) {
    EXPECT_EQ(group.error().code(), ErrorCode::kUnsupported);
    EXPECT_THAT(group.error().render(), AllOf(HasSubstr("a slice of 7ms"), HasSubstr("Linux 6.12")));
    GTEST_SKIP() << group.error().render();
  }
  EXPECT_EQ(sched_of(*group).slice, 7ms);
  ASSERT_TRUE(group->set_policy(SchedPolicy::batch()));
  EXPECT_EQ(sched_of(*group).slice, 7ms) << "another policy that has slices keeps it";
  EXPECT_TRUE(group->set_policy(SchedPolicy::fifo(5))) << "and one that has none takes it away";
}

TEST_F(WorkerAttributesOnTheHost, GivesSleepsTheirSlack) {
  auto group = spawn({.type = Bursty{.burst = 1ms, .sleep = 1ms}, .timer_slack = 70us});
  ASSERT_TRUE(group) << group.error().render();
  group->release();
  const int pid = group->pids()[0];
  for (int i = 0; i < 1000 && proc_file(pid, "timerslack_ns") != "70000"; ++i) sleep_for(1ms);
  EXPECT_EQ(proc_file(pid, "timerslack_ns"), "70000");
}

TEST_F(WorkerAttributesOnTheHost, RunsWorkersAsAnotherUserWithAttributesThatOnlyRootMaySet) {
  auto group =
      spawn({.nice = -7, .comm = "somebody", .uid = kSomebody, .gid = kSomebody, .policy = SchedPolicy::rr(5)});
  ASSERT_TRUE(group) << group.error().render();
  const int pid = group->pids()[0];
  EXPECT_THAT(proc_file(pid, "status"),
              AllOf(HasSubstr("Uid:\t65534\t65534\t65534\t65534"), HasSubstr("Gid:\t65534\t65534\t65534\t65534")));
  EXPECT_EQ(proc_file(pid, "comm"), "somebody");
  EXPECT_EQ(sched_of(*group).policy, SchedPolicy::rr(5));
  EXPECT_EQ(sched_of(*group).nice, -7);
  ASSERT_TRUE(group->set_policy(SchedPolicy::normal())) << "and later too";
  ASSERT_TRUE(group->set_nice(-8));
  EXPECT_EQ(sched_of(*group).policy, SchedPolicy::normal());
  EXPECT_EQ(sched_of(*group).nice, -8);
  expect_to_work(*group);
}

TEST_F(WorkerAttributesOnTheHost, TakesWorkersOfAnotherUserAlongWhenTheirParentDies) {
  std::optional<WorkerGroup> group;
  std::thread([&] {
    auto spawned = spawn({.uid = kSomebody});
    if (spawned) group = std::move(*spawned);
  }).join();
  ASSERT_TRUE(group);
  group->release();
  const Nanoseconds deadline = monotonic_now() + kPatience;
  while (proc_file(group->pids()[0], "stat").find(") Z ") == std::string::npos && monotonic_now() < deadline)
    std::this_thread::yield();
  const auto reports = group->collect(kPatience);
  ASSERT_TRUE(reports) << reports.error().render();
  EXPECT_EQ(reports->at(0).exit, "killed by signal 9 (SIGKILL)");
}

TEST_F(WorkerAttributesOnTheHost, HandsAWorkerOfARealTimeBodyOverWithAllThatItsSpecSays) {
  const sched_param highest{.sched_priority = 1}, none{};
  if (::sched_setscheduler(0, SCHED_FIFO, &highest) != 0) GTEST_SKIP() << "may not become SCHED_FIFO";
  const CpuSet one{*own_cpus().rbegin()};
  auto group = spawn({.nice = -5, .uid = kSomebody, .gid = kSomebody, .policy = SchedPolicy::batch()},
                     {.born_on = own_cpus(), .affinity = {one}});
  ASSERT_EQ(::sched_setscheduler(0, SCHED_OTHER, &none), 0);
  ASSERT_TRUE(group) << group.error().render();
  EXPECT_EQ(sched_of(*group).policy, SchedPolicy::batch());
  EXPECT_EQ(sched_of(*group).nice, -5);
  EXPECT_EQ(*task_affinity(group->pids()[0], "worker"), one);
  expect_to_work(*group);
}

TEST_F(WorkerAttributesOnTheHost, PinsEachWorkerToItsOwnCpus) {
  const CpuSet cpus = own_cpus(), lowest{cpus.first()}, highest{*cpus.rbegin()};
  auto group = spawn({.workers = 2}, {.affinity = {lowest, highest}});
  ASSERT_TRUE(group) << group.error().render();
  EXPECT_EQ(*task_affinity(group->pids()[0], "worker"), lowest);
  EXPECT_EQ(*task_affinity(group->pids()[1], "worker"), highest);
  group->release();
  const Nanoseconds deadline = monotonic_now() + kPatience;
  while (group->iterations() == 0 && monotonic_now() < deadline) std::this_thread::yield();
  const auto reports = group->collect(kPatience);
  ASSERT_TRUE(reports) << reports.error().render();
  EXPECT_EQ((*reports)[0].cpus_used, lowest) << "from its first instruction at work";
  EXPECT_EQ((*reports)[1].cpus_used, highest);
}

TEST_F(WorkerAttributesOnTheHost, RunsWorkersOnANodeAndTakesTheirMemoryFromIt) {
  const CpuSet one{own_cpus().first()};
  auto group = spawn({.numa_node = 0}, {.node_cpus = one});
  if (!group && group.error().code() == ErrorCode::kUnsupported) {
    EXPECT_THAT(group.error().render(), HasSubstr("CONFIG_NUMA=y"));
    GTEST_SKIP() << group.error().render();
  }
  ASSERT_TRUE(group) << group.error().render();
  EXPECT_EQ(*task_affinity(group->pids()[0], "worker"), one);
  EXPECT_THAT(proc_file(group->pids()[0], "numa_maps"), ContainsRegex("[0-9a-f]+ bind:0 "));
  group->release();
  const auto reports = group->collect(kPatience);
  ASSERT_TRUE(reports) << reports.error().render();
  ASSERT_EQ(reports->at(0).node_pages.size(), 1u) << "the machine has one node";
  EXPECT_GT(reports->at(0).node_pages[0].pages, 10u);
}

TEST_F(WorkerAttributesOnTheHost, GivesWorkersTheirMemoryPolicyWithItsFlags) {
  for (const auto& [policy, shown] :
       {std::pair{MemPolicy::interleave({0}), "interleave:0 "},
        std::pair{MemPolicy::preferred(0).with_flags(MemPolicy::kStaticNodes), "prefer=static:0 "},
        std::pair{MemPolicy::bind({0}).with_flags(MemPolicy::kRelativeNodes), "bind=relative:0 "},
        std::pair{MemPolicy::local(), "local "}}) {
    auto group = spawn({.mem_policy = policy});
    if (!group && group.error().code() == ErrorCode::kUnsupported) GTEST_SKIP() << group.error().render();
    ASSERT_TRUE(group) << group.error().render();
    EXPECT_THAT(proc_file(group->pids()[0], "numa_maps"), HasSubstr(shown)) << policy.describe();
  }
}

TEST_F(WorkerAttributesOnTheHost, SaysWhichWorkerCouldNotHaveItsMemoryPolicy) {
  const auto group = spawn({.mem_policy = MemPolicy::bind({1000})});
  ASSERT_FALSE(group);
  EXPECT_THAT(group.error().render(),
              AllOf(HasSubstr("worker cg_0/0 cannot set its memory policy"), HasSubstr("hint")));
}

TEST_F(WorkerAttributesOnTheHost, KeepsADeadlineWorkerOnAllItsCpus) {
  if (own_cpus().size() < 2) GTEST_SKIP() << "needs two CPUs";
  auto group = spawn({.policy = SchedPolicy::deadline_of(1ms, 50ms, 100ms)});
  if (!group && group.error().saved_errno() == EPERM) GTEST_SKIP() << group.error().render();
  ASSERT_TRUE(group) << group.error().render();
  const Status pinned = group->set_affinity({CpuSet{own_cpus().first()}});
  ASSERT_FALSE(pinned);
  EXPECT_EQ(pinned.error().code(), ErrorCode::kBusy);
  EXPECT_THAT(pinned.error().render(), HasSubstr("every CPU of its root domain"));
}

}  // namespace
}  // namespace ktstr
