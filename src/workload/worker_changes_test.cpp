// SPDX-License-Identifier: Apache-2.0
//
// Changes of live workers that need no privilege: real worker processes, without cgroups.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "workload/task/task_affinity.h"
#include "workload/task/task_sched.h"
#include "workload/testing/worker_watch.h"
#include "workload/worker_group.h"

namespace ktstr {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using namespace std::chrono_literals;

WorkerGroup spawned(int workers) {
  auto group = WorkerGroup::spawn({.workers = workers}, {.cgroup = "cg_0"}, 0, 1);
  EXPECT_TRUE(group) << group.error().render();
  return std::move(*group);
}

TaskSched sched_of(int pid) {
  const auto read = read_task_sched(pid, "worker");
  EXPECT_TRUE(read) << read.error().render();
  return read.value_or(TaskSched{});
}

TEST(WorkerChanges, SumUpTheIterationsOfAllWorkersWhileTheyRun) {
  WorkerGroup group = spawned(2);
  EXPECT_EQ(group.iterations(), 0u);
  group.release();
  wait_until([&] { return group.iterations() >= 4; }, "four iterations");
  const auto reports = group.collect(kPatience);
  ASSERT_TRUE(reports) << reports.error().render();
  EXPECT_EQ(group.iterations(), (*reports)[0].iterations + (*reports)[1].iterations);
}

TEST(WorkerChanges, SetNiceValueAndPolicyBeforeAndAfterTheRelease) {
  WorkerGroup group = spawned(2);
  ASSERT_TRUE(group.set_nice(7));
  ASSERT_TRUE(group.set_policy(SchedPolicy::batch()));
  for (const int pid : group.pids()) {
    EXPECT_EQ(sched_of(pid).nice, 7);
    EXPECT_EQ(sched_of(pid).policy, SchedPolicy::batch());
  }
  group.release();
  ASSERT_TRUE(group.set_nice(9));
  ASSERT_TRUE(group.set_policy(SchedPolicy::idle()));
  for (const int pid : group.pids()) {
    EXPECT_EQ(sched_of(pid).nice, 9);
    EXPECT_EQ(sched_of(pid).policy, SchedPolicy::idle());
  }
}

TEST(WorkerChanges, SetTheAffinityOfEachWorkerOrOneForAll) {
  const CpuSet own = *task_affinity(0, "the test");
  const CpuSet lowest{own.first()}, highest{*own.rbegin()};
  WorkerGroup group = spawned(2);
  ASSERT_TRUE(group.set_affinity({lowest, highest}));
  EXPECT_EQ(*task_affinity(group.pids()[0], ""), lowest);
  EXPECT_EQ(*task_affinity(group.pids()[1], ""), highest);
  ASSERT_TRUE(group.set_affinity({own}));
  for (const int pid : group.pids()) EXPECT_EQ(*task_affinity(pid, ""), own);
}

TEST(WorkerChanges, NameTheWorkerThatCouldNotBeChanged) {
  WorkerGroup group = spawned(2);
  const CpuSet own = *task_affinity(0, "the test");
  const Status pinned = group.set_affinity({own, CpuSet{4000}});
  ASSERT_FALSE(pinned);
  EXPECT_THAT(pinned.error().render(), AllOf(HasSubstr("cannot pin worker cg_0/1 to CPUs 4000"), HasSubstr("hint")));
}

TEST(WorkerChanges, RefuseValuesOutOfRange) {
  WorkerGroup group = spawned(2);
  const CpuSet one{0};
  for (const Status& status :
       {group.set_nice(20), group.set_policy(SchedPolicy::fifo(0)), group.set_affinity({}),
        group.set_affinity({one, one, one}), group.set_affinity({CpuSet()}), group.set_uclamp(0, 1025),
        group.set_uclamp(2, 1), group.send_signal(0), group.send_signal(NSIG)}) {
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), ErrorCode::kInvalidArgument) << status.error().render();
    EXPECT_THAT(status.error().message(), HasSubstr("cg_0"));
  }
}

TEST(WorkerChanges, PassOverWorkersThatAreGone) {
  WorkerGroup group = spawned(3);
  const std::vector<int> pids = group.pids();
  // One is a zombie, one has been reaped by somebody else, as an init does.
  ASSERT_EQ(::kill(pids[0], SIGKILL), 0);
  ASSERT_EQ(::kill(pids[1], SIGKILL), 0);
  ASSERT_EQ(::waitpid(pids[1], nullptr, 0), pids[1]);
  wait_for_state(pids[0], 'Z');
  for (const Status& status : {group.set_nice(4), group.set_policy(SchedPolicy::batch()),
                               group.set_affinity({*task_affinity(0, "")}), group.send_signal(SIGCONT)})
    EXPECT_TRUE(status) << status.error().render();
  EXPECT_EQ(sched_of(pids[2]).nice, 4);
  EXPECT_EQ(sched_of(pids[2]).policy, SchedPolicy::batch());
}

TEST(WorkerChanges, ClampTheUtilisationOrSayWhatTheKernelLacks) {
  WorkerGroup group = spawned(1);
  const Status status = group.set_uclamp(100, 900);
  if (!status && status.error().code() == ErrorCode::kUnsupported) {
    EXPECT_THAT(status.error().render(), AllOf(HasSubstr("worker cg_0/0"), HasSubstr("CONFIG_UCLAMP_TASK=y")));
    return;
  }
  ASSERT_TRUE(status) << status.error().render();
  EXPECT_EQ(sched_of(group.pids()[0]).uclamp_min, 100u);
  EXPECT_EQ(sched_of(group.pids()[0]).uclamp_max, 900u);
}

TEST(WorkerChanges, SendSignalsToAllWorkers) {
  WorkerGroup group = spawned(2);
  group.release();
  ASSERT_TRUE(group.send_signal(SIGUSR1));
  const auto reports = group.collect(kPatience);
  ASSERT_TRUE(reports) << reports.error().render();
  for (const WorkerReport& report : *reports) EXPECT_EQ(report.exit, "killed by signal 10 (SIGUSR1)");
}

TEST(WorkerChanges, ContinueStoppedWorkersWhenTheyAreToStop) {
  WorkerGroup group = spawned(2);
  group.release();
  ASSERT_TRUE(group.send_signal(SIGSTOP));
  for (const int pid : group.pids()) wait_for_state(pid, 'T');
  const auto reports = group.collect(kPatience);
  ASSERT_TRUE(reports) << reports.error().render();
  for (const WorkerReport& report : *reports) EXPECT_TRUE(report.responded);
}

TEST(WorkerChanges, ContinueWorkersThatWereStoppedAfterTheRequest) {
  WorkerGroup group = spawned(1);
  // At the barrier, so that it has not ended before the signal comes.
  wait_for_state(group.pids()[0], 'S');
  ASSERT_TRUE(group.send_signal(SIGSTOP));
  wait_for_state(group.pids()[0], 'T');
  group.release();
  group.request_stop();
  ASSERT_TRUE(group.send_signal(SIGSTOP));
  const auto reports = group.collect(kPatience);
  ASSERT_TRUE(reports) << reports.error().render();
  EXPECT_TRUE(reports->at(0).responded);
}

}  // namespace
}  // namespace ktstr
