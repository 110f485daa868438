// SPDX-License-Identifier: Apache-2.0
//
// Workers that wake each other: real processes and threads, without cgroups.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "workload/testing/worker_watch.h"
#include "workload/worker_group.h"

namespace ktstr {
namespace {

using testing::HasSubstr;

WorkerPart part(const WorkType& type, int workers, int group = 0, std::optional<std::string> pcomm = {}) {
  return {.spec = {.workers = workers, .type = type, .pcomm = std::move(pcomm)},
          .placement = {.cgroup = "cg_0", .spec = group},
          .seed = 1};
}

WorkerGroup spawned(const std::vector<WorkerPart>& parts) {
  auto group = WorkerGroup::spawn(parts, 0);
  EXPECT_TRUE(group) << group.error().render();
  return std::move(*group);
}

std::vector<WorkerReport> collected_pairs(WorkerGroup& group) {
  const auto reports = group.collect(kPatience);
  EXPECT_TRUE(reports) << reports.error().render();
  return reports.value_or(std::vector<WorkerReport>());
}

// Workers `first` and the one after it.
void expect_a_pair(const std::vector<WorkerReport>& reports, std::size_t first) {
  ASSERT_LT(first + 1, reports.size());
  const WorkerReport &a = reports[first], &b = reports[first + 1];
  EXPECT_GT(a.iterations, 10u);
  // One may be cut short by the stop.
  EXPECT_LE(std::max(a.iterations, b.iterations) - std::min(a.iterations, b.iterations), 2u);
  EXPECT_GT(a.wakeups + b.wakeups, 0u);
  for (const WorkerReport& each : {a, b}) {
    EXPECT_TRUE(each.responded);
    EXPECT_EQ(each.exit, "");
    EXPECT_LE(each.sleep_ns, each.wall_time_ns);
    EXPECT_EQ(each.wakeups > 0, each.sleep_ns > 0);
    EXPECT_GE(each.max_gap_ns, each.wake_max_ns);
  }
}

std::vector<std::string> files_of(int pid) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", pid)))
    if (std::error_code gone; fs::exists(fs::symlink_status(entry.path())))
      files.push_back(fs::read_symlink(entry.path(), gone).string());
  return files;
}

// Beyond what it has from its parent: standard input, output and error.
std::ptrdiff_t pipes_of(int pid) {
  std::ptrdiff_t pipes = 0;
  for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", pid)))
    if (std::stoi(entry.path().filename()) > 2 && fs::read_symlink(entry.path()).string().starts_with("pipe:")) ++pipes;
  return pipes;
}

class WorkerPairs : public testing::TestWithParam<WorkType> {};

TEST_P(WorkerPairs, WorkAsProcesses) {
  WorkerGroup group = spawned({part(GetParam(), 4)});
  group.release();
  for (const int pid : group.pids()) wait_for_work(pid);
  const auto reports = collected_pairs(group);
  expect_a_pair(reports, 0);
  expect_a_pair(reports, 2);
}

TEST_P(WorkerPairs, WorkAsThreadsBesideOthers) {
  WorkerGroup group =
      spawned({part(GetParam(), 2, 0, "web"), part(SpinWait{}, 1, 1, "web"), part(GetParam(), 2, 2, "web")});
  group.release();
  for (const int tid : group.pids()) wait_for_work(tid);
  const auto reports = collected_pairs(group);
  expect_a_pair(reports, 0);
  expect_a_pair(reports, 3);
}

TEST_P(WorkerPairs, EndAtTheStopWithoutTheirPartner) {
  WorkerGroup group = spawned({part(GetParam(), 2)});
  const int waiting = group.pids()[1], killed = group.pids()[0];
  group.release();
  for (const int pid : group.pids()) wait_for_work(pid);
  ASSERT_EQ(::kill(killed, SIGKILL), 0);
  wait_for_state(killed, 'Z');
  wait_for_state(waiting, 'S');
  const auto reports = collected_pairs(group);
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].exit, "killed by signal 9 (SIGKILL)");
  EXPECT_TRUE(reports[1].responded);
  EXPECT_EQ(reports[1].exit, "");
}

TEST_P(WorkerPairs, SleepWhileTheirPartnerIsStopped) {
  WorkerGroup group = spawned({part(GetParam(), 2)});
  group.release();
  for (const int pid : group.pids()) wait_for_work(pid);
  ASSERT_EQ(::kill(group.pids()[0], SIGSTOP), 0);
  wait_for_state(group.pids()[0], 'T');
  wait_for_state(group.pids()[1], 'S');
  const Nanoseconds before = monotonic_now();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const auto asleep = static_cast<std::uint64_t>((monotonic_now() - before).count());
  ASSERT_EQ(::kill(group.pids()[0], SIGCONT), 0);
  for (const int pid : group.pids()) wait_for_work(pid);
  const auto reports = collected_pairs(group);
  expect_a_pair(reports, 0);
  EXPECT_GE(reports[0].max_gap_ns, asleep);
  EXPECT_GE(reports[1].sleep_ns, asleep);
}

TEST_P(WorkerPairs, DieWithTheGroupWhileTheyWait) {
  std::vector<int> pids;
  {
    WorkerGroup group = spawned({part(GetParam(), 2)});
    pids = group.pids();
    group.release();
    ASSERT_EQ(::kill(pids[0], SIGSTOP), 0);
    wait_for_state(pids[1], 'S');
  }
  for (const int pid : pids) EXPECT_EQ(::kill(pid, 0), -1) << pid;
}

TEST_P(WorkerPairs, ComeInPairs) {
  const auto group = WorkerGroup::spawn({part(GetParam(), 3)}, 0);
  EXPECT_THAT(group.error().render(), HasSubstr("needs workers in pairs, not 3"));
}

TEST_P(WorkerPairs, LeaveNoFileOpen) {
  const auto before = files_of(::getpid());
  for (int i = 0; i < 3; ++i) {
    WorkerGroup group = spawned({part(GetParam(), 4)});
    group.release();
    EXPECT_TRUE(group.collect(kPatience));
  }
  EXPECT_EQ(files_of(::getpid()).size(), before.size());
}

INSTANTIATE_TEST_SUITE_P(OfEachType, WorkerPairs, testing::Values(WorkType(PipeIo{}), WorkType(FutexPingPong{})),
                         [](const auto& each) { return std::string(name_of(each.param)); });

TEST(PipeWorkers, HaveTheFilesOfTheirGroupAlone) {
  WorkerGroup pipes = spawned({part(PipeIo{}, 4)});
  WorkerGroup others = spawned({part(PipeIo{}, 2)});
  WorkerGroup none = spawned({part(SpinWait{}, 1)});
  EXPECT_EQ(pipes_of(pipes.pids()[3]), 8);
  EXPECT_EQ(pipes_of(others.pids()[0]), 4);
  EXPECT_EQ(pipes_of(none.pids()[0]), 0);
}

}  // namespace
}  // namespace ktstr
