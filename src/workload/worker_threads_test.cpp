// SPDX-License-Identifier: Apache-2.0
//
// Workers that are threads of one process: real ones, without cgroups.
#include "workload/worker_threads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>

#include "workload/task/task_affinity.h"
#include "workload/task/task_sched.h"
#include "workload/testing/worker_watch.h"
#include "workload/worker_group.h"

namespace ktstr {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::SizeIs;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;

WorkSpec threads(int count) { return {.workers = count, .pcomm = "web"}; }

WorkerPart thread_part(const WorkSpec& spec, int number = 0) {
  return {.spec = spec, .placement = {.cgroup = "cg_0", .spec = number}, .seed = 1};
}

WorkerGroup spawned_threads(const std::vector<WorkerPart>& parts, int first_index = 0) {
  auto group = WorkerGroup::spawn(parts, first_index);
  EXPECT_TRUE(group) << group.error().render();
  return std::move(*group);
}

std::string refusal_of_parts(const std::vector<WorkerPart>& parts) {
  const auto group = WorkerGroup::spawn(parts, 0);
  if (group) return "(accepted)";
  EXPECT_EQ(group.error().code(), ErrorCode::kInvalidArgument);
  return group.error().render();
}

std::vector<int> tasks_of(int process) {
  std::vector<int> tids;
  for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/task", process)))
    tids.push_back(std::stoi(entry.path().filename().string()));
  return tids;
}

std::vector<WorkerReport> collected(WorkerGroup& group, Nanoseconds grace = kPatience) {
  const auto reports = group.collect(grace);
  EXPECT_TRUE(reports) << reports.error().render();
  return reports.value_or(std::vector<WorkerReport>());
}

TEST(WorkerThreads, BelongToOneProcessWhoseLeaderHasItsName) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the thread sanitizer has threads of its own";
#endif
  WorkerGroup group = spawned_threads({thread_part(threads(2))}, 3);
  ASSERT_THAT(group.processes(), SizeIs(1));
  const int leader = group.processes()[0];
  EXPECT_EQ(proc_file(leader, "comm"), "web");
  const std::vector<int> workers = group.pids();
  ASSERT_THAT(workers, SizeIs(2));
  EXPECT_THAT(tasks_of(leader), UnorderedElementsAre(leader, workers[0], workers[1]));
  EXPECT_EQ(proc_file(workers[0], "comm"), "cg_0/3");
  EXPECT_EQ(proc_file(workers[1], "comm"), "cg_0/4");
}

TEST(WorkerThreads, ReportAsProcessesDo) {
  WorkerGroup group = spawned_threads({thread_part(threads(2))}, 3);
  for (const int tid : group.pids()) wait_for_state(tid, 'S');
  group.release();
  for (const int tid : group.pids()) wait_for_work(tid);
  const auto reports = collected(group);
  ASSERT_THAT(reports, SizeIs(2));
  for (std::size_t i = 0; i < 2; ++i) {
    const WorkerReport& report = reports[i];
    EXPECT_EQ(report.pid, group.pids()[i]);
    EXPECT_TRUE(report.responded);
    EXPECT_EQ(report.exit, "");
    EXPECT_GT(report.work_units, 0u);
    EXPECT_GE(report.cpu_time_ns, 5'000'000u) << "of this thread alone";
    EXPECT_LE(report.cpu_time_ns, report.wall_time_ns);
    EXPECT_GT(report.timeslices, 0u);
    EXPECT_LE(report.cpus_used.size(), report.migrations + 1);
  }
  EXPECT_EQ(reports[0].started_ns, reports[1].started_ns);
}

TEST(WorkerThreads, HaveAttributesOfTheirOwnAndLeaveTheLeaderAnOrdinaryTask) {
  const CpuSet own = *task_affinity(0, "the test"), last{*own.rbegin()};
  const int ours = read_task_sched(0, "the test")->nice;
  WorkSpec nice = threads(1), batch = threads(1);
  nice.nice = 7;
  nice.comm = "nice-one";
  batch.policy = SchedPolicy::batch();
  WorkerPart pinned = thread_part(batch, 1);
  pinned.placement.affinity = {last};
  WorkerGroup group = spawned_threads({thread_part(nice), pinned});
  const int leader = group.processes()[0], first = group.pids()[0], second = group.pids()[1];
  EXPECT_EQ(proc_file(first, "comm"), "nice-one");
  EXPECT_EQ(read_task_sched(first, "")->nice, 7);
  EXPECT_EQ(read_task_sched(first, "")->policy, SchedPolicy::normal());
  EXPECT_EQ(*task_affinity(first, ""), own);
  EXPECT_EQ(read_task_sched(second, "")->nice, ours);
  EXPECT_EQ(read_task_sched(second, "")->policy, SchedPolicy::batch());
  EXPECT_EQ(*task_affinity(second, ""), last);
  EXPECT_EQ(read_task_sched(leader, "")->nice, ours);
  EXPECT_EQ(read_task_sched(leader, "")->policy, SchedPolicy::normal());
  EXPECT_EQ(*task_affinity(leader, ""), own);
}

TEST(WorkerThreads, OfSeveralSpecsShareAProcessAndAreNumberedOn) {
  WorkSpec bursty = threads(1);
  bursty.type = Bursty{.burst = 200us, .sleep = 200us};
  WorkerGroup group = spawned_threads({thread_part(threads(2), 0), thread_part(bursty, 2)}, 5);
  EXPECT_EQ(group.size(), 3);
  group.release();
  for (const int tid : group.pids()) wait_for_work(tid);
  const auto reports = collected(group);
  EXPECT_THAT(reports,
              ElementsAre(Field(&WorkerReport::spec, 0), Field(&WorkerReport::spec, 0), Field(&WorkerReport::spec, 2)));
  EXPECT_EQ(reports.at(0).wakeups, 0u);
  EXPECT_GT(reports.at(2).wakeups, 0u);
}

TEST(WorkerThreads, AreRefusedWhereTheyCannotBeOneProcess) {
  WorkSpec other = threads(1), user = threads(1), none = threads(1), sixteen = threads(1);
  other.pcomm = "db";
  user.uid = 1000;
  none.pcomm.reset();
  sixteen.pcomm = "sixteen bytes it";
  EXPECT_THAT(refusal_of_parts({thread_part(threads(1)), thread_part(user)}),
              HasSubstr("workers of the process 'web' have uid none of its own and 1000; threads of one process"));
  EXPECT_THAT(refusal_of_parts({thread_part(threads(1)), thread_part(other)}), HasSubstr("give them one pcomm"));
  EXPECT_THAT(refusal_of_parts({thread_part(none), thread_part(none)}), HasSubstr("give them one pcomm"));
  EXPECT_THAT(refusal_of_parts({thread_part(sixteen)}), HasSubstr("pcomm 'sixteen bytes it' has 16 bytes"));
  EXPECT_THAT(refusal_of_parts({}), HasSubstr("no workers"));
}

TEST(WorkerThreads, AllDieOfWhatKillsOne) {
  WorkerGroup group = spawned_threads({thread_part(threads(2))});
  group.release();
  for (const int tid : group.pids()) wait_for_work(tid);
  // To the second thread alone, as a fault of its own is.
  ASSERT_EQ(::tgkill(group.processes()[0], group.pids()[1], SIGSEGV), 0);
  wait_for_state(group.processes()[0], 'Z');
  const auto reports = collected(group);
  ASSERT_THAT(reports, SizeIs(2));
  for (const WorkerReport& report : reports) {
    EXPECT_EQ(report.exit, "process 'web': killed by signal 11 (SIGSEGV)");
    EXPECT_GT(report.work_units, 0u);
    EXPECT_LE(report.max_gap_at_ns, report.wall_time_ns);
  }
}

TEST(WorkerThreads, StopAndGoOnTogether) {
  WorkerGroup group = spawned_threads({thread_part(threads(2))});
  group.release();
  ASSERT_TRUE(group.send_signal(SIGSTOP));
  for (const int tid : group.pids()) wait_for_state(tid, 'T');
  ASSERT_TRUE(group.send_signal(SIGCONT));
  for (const int tid : group.pids()) wait_for_work(tid);
  ASSERT_TRUE(group.send_signal(SIGSTOP));
  wait_for_state(group.pids()[0], 'T');
  EXPECT_THAT(collected(group), Each(Field(&WorkerReport::responded, true))) << "continued when they are to stop";
}

TEST(WorkerThreads, ThatStarveHaveTheNumbersThatTheirScheduleShows) {
  WorkerGroup group = spawned_threads({thread_part(threads(2))});
  group.release();
  for (const int tid : group.pids()) wait_for_work(tid);
  ASSERT_EQ(::kill(group.processes()[0], SIGSTOP), 0);
  for (const int tid : group.pids()) wait_for_state(tid, 'T');
  for (const WorkerReport& report : collected(group, 100ms)) {
    EXPECT_FALSE(report.responded);
    EXPECT_EQ(report.exit, "") << "it was our kill";
    EXPECT_GE(report.cpu_time_ns, 5'000'000u);
    EXPECT_GE(report.max_gap_ns, 100'000'000u);
  }
}

TEST(WorkerThreads, AreChangedOneByOne) {
  const CpuSet own = *task_affinity(0, "the test");
  const CpuSet lowest{own.first()}, highest{*own.rbegin()};
  WorkerGroup group = spawned_threads({thread_part(threads(2))});
  group.release();
  ASSERT_TRUE(group.set_affinity({lowest, highest}));
  ASSERT_TRUE(group.set_nice(3));
  ASSERT_TRUE(group.set_policy(SchedPolicy::batch()));
  EXPECT_EQ(*task_affinity(group.pids()[0], ""), lowest);
  EXPECT_EQ(*task_affinity(group.pids()[1], ""), highest);
  for (const int tid : group.pids()) {
    EXPECT_EQ(read_task_sched(tid, "")->nice, 3);
    EXPECT_EQ(read_task_sched(tid, "")->policy, SchedPolicy::batch());
  }
  EXPECT_EQ(read_task_sched(group.processes()[0], "")->policy, SchedPolicy::normal()) << "the leader is no worker";
}

TEST(WorkerThreads, LeaveNoProcessBehindReleasedOrNot) {
  std::vector<int> left;
  for (const bool release : {false, true}) {
    WorkerGroup group = spawned_threads({thread_part(threads(2))});
    left.push_back(group.processes()[0]);
    if (release) group.release();
  }
  for (const int pid : left) EXPECT_EQ(::kill(pid, 0), -1) << pid;
}

TEST(WorkerThreads, NameTheProcessThatCouldNotBeSetUp) {
  const Fd not_a_cgroup = *open_file("/tmp", 0);
  WorkerPart lost = thread_part(threads(1));
  lost.placement.cgroup_dir = &not_a_cgroup;
  const auto group = WorkerGroup::spawn({lost}, 0);
  ASSERT_FALSE(group);
  EXPECT_THAT(group.error().message(), HasSubstr("workers of cg_0: process 'web' of cg_0 cannot enter its cgroup"));
}

// The thread sanitizer forbids it, and of GCC 12's address sanitizer a child may find the allocator locked.
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
TEST(WorkerThreads, StartWhateverOtherThreadsOfOursAreDoing) {
  std::atomic<bool> stop{false};
  std::thread allocates([&] {
    while (!stop) std::string(5000, 'x').shrink_to_fit();
  });
  for (int i = 0; i < 30; ++i) EXPECT_EQ(spawned_threads({thread_part(threads(3))}).size(), 3);
  stop = true;
  allocates.join();
}
#endif

}  // namespace
}  // namespace ktstr
