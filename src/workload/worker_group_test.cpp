// SPDX-License-Identifier: Apache-2.0
//
// Real worker processes, without cgroups. Nothing here depends on how long anything takes: the tests wait for what a
// worker does, and grace times are long enough for any machine.
#include "workload/worker_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <sstream>
#include <thread>

#include "ktstr/custom_work.h"
#include "workload/testing/worker_watch.h"

namespace ktstr {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

WorkerGroup spawned(const WorkSpec& spec, const WorkerPlacement& placement = {.cgroup = "cg_0"}, int first_index = 0) {
  auto group = WorkerGroup::spawn(spec, placement, first_index, 1);
  EXPECT_TRUE(group) << group.error().render();
  return std::move(*group);
}

TEST(WorkerGroup, ReportsWhatItsWorkersDid) {
  WorkerGroup group = spawned({.workers = 2}, {.cgroup = "cg_7", .spec = 3}, 4);
  group.release();
  for (const int pid : group.pids()) wait_for_work(pid);
  group.request_stop();
  const auto reports = group.collect(kPatience);
  ASSERT_TRUE(reports) << reports.error().render();
  ASSERT_EQ(reports->size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const WorkerReport& report = (*reports)[i];
    EXPECT_EQ(report.spec, 3);
    EXPECT_EQ(report.pid, group.pids()[i]);
    EXPECT_TRUE(report.responded);
    EXPECT_EQ(report.exit, "");
    EXPECT_GT(report.work_units, 0u);
    EXPECT_EQ(report.iterations, report.work_units);
    EXPECT_GT(report.cpu_time_ns, 0u);
    EXPECT_GE(report.wall_time_ns, report.cpu_time_ns);
    EXPECT_LE(report.max_gap_at_ns, report.wall_time_ns);
    EXPECT_GE(report.max_gap_cpu, 0);
    EXPECT_GE(report.cpus_used.size(), 1u);
    EXPECT_LE(report.cpus_used.size(), report.migrations + 1);
    EXPECT_EQ(report.sleep_ns, 0u);
    EXPECT_EQ(report.wakeups, 0u);
  }
}

TEST(WorkerGroup, HoldsItsWorkersUntilRelease) {
  WorkerGroup group = spawned({.workers = 3});
  EXPECT_EQ(group.size(), 3);
  for (const int pid : group.pids()) ASSERT_NO_FATAL_FAILURE(wait_for_state(pid, 'S'));
  const auto before = static_cast<std::uint64_t>(monotonic_now().count());
  group.release();
  const auto reports = group.collect(kPatience);
  ASSERT_TRUE(reports) << reports.error().render();
  for (const WorkerReport& report : *reports) EXPECT_GE(report.started_ns, before);
  EXPECT_EQ((*reports)[0].started_ns, (*reports)[2].started_ns);
}

TEST(WorkerGroup, GivesWorkersTheirNameNiceAndPolicy) {
  WorkerGroup group = spawned({.workers = 2, .nice = 5}, {.cgroup = "a-rather-long-name"});
  const int pid = group.pids()[1];
  EXPECT_EQ(proc_file(pid, "comm"), "a-rather-long-n");
  EXPECT_EQ(::getpriority(PRIO_PROCESS, static_cast<id_t>(pid)), 5);
  EXPECT_EQ(::sched_getscheduler(pid), SCHED_OTHER);
  WorkerGroup second = spawned({.workers = 1}, {.cgroup = "cg_1"}, 2);
  EXPECT_EQ(proc_file(second.pids()[0], "comm"), "cg_1/2");
}

TEST(WorkerGroup, MakesOrdinaryWorkersEvenFromARealTimeThread) {
  const sched_param highest{.sched_priority = 1}, none{};
  if (::sched_setscheduler(0, SCHED_FIFO, &highest) != 0) GTEST_SKIP() << "may not become SCHED_FIFO";
  WorkerGroup group = spawned({.workers = 1, .nice = -3});
  ASSERT_EQ(::sched_setscheduler(0, SCHED_OTHER, &none), 0);
  EXPECT_EQ(::sched_getscheduler(group.pids()[0]), SCHED_OTHER);
  EXPECT_EQ(::getpriority(PRIO_PROCESS, static_cast<id_t>(group.pids()[0])), -3);
}

TEST(WorkerGroup, ResetsSignalsOfWorkers) {
  sigset_t blocked, old;
  sigfillset(&blocked);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &old);
  const auto ignored = ::signal(SIGTERM, SIG_IGN);
  std::thread([] {}).join();  // makes the C library catch a signal of its own
  WorkerGroup group = spawned({.workers = 1});
  ::signal(SIGTERM, ignored);
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  const std::string status = proc_file(group.pids()[0], "status");
  EXPECT_THAT(status, HasSubstr("SigBlk:\t0000000000000000"));
  EXPECT_THAT(status, HasSubstr("SigIgn:\t0000000000000000"));
  EXPECT_THAT(status, HasSubstr("SigCgt:\t0000000000000000"));
}

TEST(WorkerGroup, KeepsNoFileOfOursOpenInWorkers) {
  const Fd ours = *open_file("/etc/passwd", 0);
  WorkerGroup group = spawned({.workers = 1});
  for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", group.pids()[0])))
    EXPECT_NE(fs::read_symlink(entry.path()), "/etc/passwd");
}

TEST(WorkerGroup, ReportsAStarvedWorkerWithAGapThatGrows) {
  WorkerGroup group = spawned({.workers = 2});
  const int starved = group.pids()[1];
  // Stopped while it waits at the barrier: it never gets a CPU after the release.
  wait_for_state(starved, 'S');
  ASSERT_EQ(::kill(starved, SIGSTOP), 0);
  wait_for_state(starved, 'T');
  group.release();
  wait_for_work(group.pids()[0]);
  const auto reports = group.collect(200ms);
  ASSERT_TRUE(reports) << reports.error().render();
  const WorkerReport &ran = (*reports)[0], &report = (*reports)[1];
  EXPECT_TRUE(ran.responded);
  EXPECT_FALSE(report.responded);
  EXPECT_EQ(report.exit, "") << "it was our kill";
  EXPECT_EQ(report.work_units, 0u);
  EXPECT_EQ(report.started_ns, ran.started_ns);
  EXPECT_GE(report.max_gap_ns, 200'000'000u) << "at least as long as the grace";
  EXPECT_EQ(report.max_gap_ns, report.wall_time_ns);
  EXPECT_EQ(report.max_gap_cpu, -1);
  EXPECT_GT(report.off_cpu_pct(), 95.0) << "what it ran before it was stopped";
}

TEST(WorkerGroup, ReportsTheLastNumbersOfAWorkerThatStarvesLater) {
  WorkerGroup group = spawned({.workers = 1});
  group.release();
  wait_for_work(group.pids()[0]);
  ASSERT_EQ(::kill(group.pids()[0], SIGSTOP), 0);
  wait_for_state(group.pids()[0], 'T');
  const auto reports = group.collect(100ms);
  ASSERT_TRUE(reports) << reports.error().render();
  const WorkerReport& report = reports->at(0);
  EXPECT_FALSE(report.responded);
  EXPECT_GT(report.work_units, 0u);
  EXPECT_GT(report.cpu_time_ns, 0u) << "from its schedstat, read from outside";
  EXPECT_GE(report.max_gap_ns, 100'000'000u);
  EXPECT_LT(report.max_gap_ns, report.wall_time_ns);
}

TEST(WorkerGroup, ReportsHowAWorkerDied) {
  WorkerGroup group = spawned({.workers = 2});
  group.release();
  for (const int pid : group.pids()) wait_for_work(pid);
  ASSERT_EQ(::kill(group.pids()[0], SIGSEGV), 0);
  const auto reports = group.collect(kPatience);
  ASSERT_TRUE(reports) << reports.error().render();
  EXPECT_EQ((*reports)[0].exit, "killed by signal 11 (SIGSEGV)");
  EXPECT_GT((*reports)[0].work_units, 0u);
  EXPECT_EQ((*reports)[1].exit, "");
}

TEST(WorkerGroup, MeasuresTheWakeUpsOfBurstyWorkers) {
  WorkerGroup group = spawned({.workers = 1, .type = Bursty{.burst = 200us, .sleep = 200us}});
  group.release();
  wait_for_work(group.pids()[0]);
  const auto reports = group.collect(kPatience);
  ASSERT_TRUE(reports) << reports.error().render();
  const WorkerReport& report = reports->at(0);
  EXPECT_GT(report.wakeups, 0u);
  EXPECT_EQ(report.wake_latencies.count(), report.wakeups);
  EXPECT_EQ(report.wake_latencies.buckets.back().from_ns,
            LatencyBucket::from_of(LatencyBucket::index_of(report.wake_max_ns)));
  EXPECT_GE(report.max_gap_ns, report.wake_max_ns);
  EXPECT_GE(report.sleep_ns, report.wakeups * 200'000);
  EXPECT_LE(report.sleep_ns, report.wall_time_ns);
}

TEST(WorkerGroup, RunsALoopOfTheTestsOwn) {
  const Custom own{.name = "own",
                   .loop =
                       [](WorkLoop& run) {
                         while (!run.stopping()) {
                           run.spin_for(200us);
                           run.note(std::chrono::nanoseconds(run.parameter(1) + run.random(10)));
                           run.count(2);
                           run.sleep_for(100us);
                           run.end_iteration();
                         }
                       },
                   .parameters = {0, 1000}};
  WorkerGroup group = spawned({.workers = 2, .type = own});
  group.release();
  for (const int pid : group.pids()) wait_for_work(pid);
  const auto reports = group.collect(kPatience);
  ASSERT_TRUE(reports) << reports.error().render();
  for (const WorkerReport& report : *reports) {
    EXPECT_GT(report.iterations, 0u);
    EXPECT_GT(report.wakeups, 0u);
    ASSERT_EQ(report.latencies.size(), 1u);
    EXPECT_EQ(report.latencies[0].what, "measured");
    EXPECT_GE(report.latencies[0].times.count(), report.iterations);
    EXPECT_GE(report.latencies[0].max_ns, 1000u);
    EXPECT_LE(report.latencies[0].max_ns, 1009u);
    EXPECT_EQ(report.counts.at(0).count, 2 * report.latencies[0].times.count());
  }
}

TEST(WorkerGroup, InterruptsASleepThatOutlastsTheRun) {
  WorkerGroup group = spawned({.workers = 1, .type = Bursty{.burst = 1ms, .sleep = 3600s}});
  group.release();
  wait_for_state(group.pids()[0], 'S');
  const auto reports = group.collect(kPatience);
  ASSERT_TRUE(reports) << reports.error().render();
  EXPECT_TRUE(reports->at(0).responded);
}

TEST(WorkerGroup, RunsEveryWorkType) {
  // Pairs: worker_pairs_test.cpp.
  for (const WorkType& type : {WorkType(SpinWait{}), WorkType(YieldHeavy{}), WorkType(Mixed{.spins = 100000}),
                               WorkType(Bursty{.burst = 100us, .sleep = 1us})}) {
    WorkerGroup group = spawned({.workers = 1, .type = type});
    group.release();
    wait_for_work(group.pids()[0]);
    const auto reports = group.collect(kPatience);
    ASSERT_TRUE(reports) << reports.error().render();
    EXPECT_TRUE(reports->at(0).responded) << describe(type);
    EXPECT_GT(reports->at(0).work_units, 0u) << describe(type);
    EXPECT_GT(reports->at(0).iterations, 0u) << describe(type);
  }
}

TEST(WorkerGroup, SeesWorkersOutsideOfWhatTheyAreAllowed) {
  // Nobody moves them: what is allowed is only what we compare with, and there is no CPU 4000.
  WorkerGroup group = spawned({.workers = 1}, {.cgroup = "cg_0", .allowed = CpuSet{4000}});
  group.release();
  wait_for_work(group.pids()[0]);
  const auto reports = group.collect(kPatience);
  ASSERT_TRUE(reports) << reports.error().render();
  EXPECT_FALSE(reports->at(0).cpus_outside.empty());
  EXPECT_TRUE(reports->at(0).cpus_outside.is_subset_of(reports->at(0).cpus_used));
}

TEST(WorkerGroup, StillTellsOfWorkersThatWereOutsideBeforeEverythingWasAllowed) {
  WorkerGroup group = spawned({.workers = 1}, {.cgroup = "cg_0", .allowed = CpuSet{4000}});
  group.release();
  wait_for_work(group.pids()[0]);
  group.set_allowed({});
  EXPECT_FALSE(group.collect(kPatience)->at(0).cpus_outside.empty());
}

TEST(WorkerGroup, ComparesWithNothingOnceEverythingIsAllowed) {
  WorkerGroup group = spawned({.workers = 1}, {.cgroup = "cg_0", .allowed = CpuSet{4000}});
  group.set_allowed({});
  group.release();
  wait_for_work(group.pids()[0]);
  EXPECT_TRUE(group.collect(kPatience)->at(0).cpus_outside.empty());
}

TEST(WorkerGroup, JudgesAKilledWorkerUpToItsDeath) {
  WorkerGroup group = spawned({.workers = 2});
  group.release();
  for (const int pid : group.pids()) wait_for_work(pid);
  // One is kept from its CPU first, by somebody of whom the group does not know.
  ASSERT_EQ(::kill(group.pids()[0], SIGSTOP), 0);
  wait_for_state(group.pids()[0], 'T');
  std::this_thread::sleep_for(300ms);  // longer than a loaded host keeps it from its CPU
  group.expect_kill();
  for (const int pid : group.pids()) ASSERT_EQ(::kill(pid, SIGKILL), 0);
  for (const int pid : group.pids()) wait_for_state(pid, 'Z');
  std::this_thread::sleep_for(50ms);
  const auto reports = group.collect(kPatience);
  ASSERT_TRUE(reports) << reports.error().render();
  for (const WorkerReport& report : *reports) EXPECT_EQ(report.exit, "") << "it was the scenario";
  const WorkerReport& stopped = reports->at(0);
  EXPECT_GE(stopped.max_gap_ns, 300'000'000u);
  EXPECT_EQ(stopped.max_gap_cpu, -1);
  EXPECT_EQ(stopped.max_gap_at_ns, stopped.wall_time_ns) << "what comes after the kill is not judged";
}

TEST(WorkerGroup, DoesNotTakeTheScenariosKillForAnyOtherDeath) {
  WorkerGroup group = spawned({.workers = 1});
  group.release();
  ASSERT_EQ(::kill(group.pids()[0], SIGSEGV), 0);
  wait_for_state(group.pids()[0], 'Z');
  group.expect_kill();
  EXPECT_EQ(group.collect(kPatience)->at(0).exit, "killed by signal 11 (SIGSEGV)");
}

TEST(WorkerGroup, DoesNotTakeADeathBeforeTheScenariosKillForIt) {
  WorkerGroup group = spawned({.workers = 2});
  group.release();
  ASSERT_EQ(::kill(group.pids()[0], SIGKILL), 0);
  wait_for_state(group.pids()[0], 'Z');
  group.expect_kill();
  ASSERT_EQ(::kill(group.pids()[1], SIGKILL), 0);
  const auto reports = group.collect(kPatience);
  ASSERT_TRUE(reports) << reports.error().render();
  EXPECT_EQ(reports->at(0).exit, "killed by signal 9 (SIGKILL)");
  EXPECT_EQ(reports->at(1).exit, "");
}

TEST(WorkerGroup, CountsTimeInWhichItsWorkersAreStoppedAsHeld) {
  WorkerGroup group = spawned({.workers = 1});
  group.release();
  const int pid = group.pids()[0];
  wait_for_work(pid);
  const Nanoseconds before = monotonic_now();
  ASSERT_TRUE(group.send_signal(SIGSTOP));
  wait_for_state(pid, 'T');
  group.set_frozen(true);
  ASSERT_TRUE(group.send_signal(SIGCONT));
  std::this_thread::sleep_for(100ms);
  group.set_frozen(false);
  const Nanoseconds held = monotonic_now() - before;
  wait_for_work(pid);
  const auto reports = group.collect(kPatience);
  ASSERT_TRUE(reports) << reports.error().render();
  EXPECT_GE(reports->at(0).held_ns, 100'000'000u);
  EXPECT_LE(reports->at(0).held_ns, static_cast<std::uint64_t>(held.count()));
}

TEST(WorkerGroup, KeepsTheWaitThatAHoldPutAnEndTo) {
  WorkerGroup group = spawned({.workers = 1});
  const int pid = group.pids()[0];
  wait_for_state(pid, 'S');
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  wait_for_state(pid, 'T');
  group.release();
  std::this_thread::sleep_for(50ms);
  for (int i = 0; i < 3; ++i) {
    group.set_frozen(true);
    group.set_frozen(false);
  }
  ASSERT_EQ(::kill(pid, SIGCONT), 0);
  const auto reports = group.collect(kPatience);
  ASSERT_TRUE(reports) << reports.error().render();
  EXPECT_GE(reports->at(0).max_gap_ns, 50'000'000u);
}

TEST(WorkerGroup, LeavesNoProcessBehind) {
  std::vector<int> pids;
  {
    WorkerGroup group = spawned({.workers = 2});
    pids = group.pids();
    group.release();
  }
  for (const int pid : pids) EXPECT_EQ(::kill(pid, 0), -1) << pid;
}

TEST(WorkerGroup, LeavesNoProcessBehindThatWasNeverReleased) {
  std::vector<int> pids;
  {
    WorkerGroup group = spawned({.workers = 2});
    pids = group.pids();
    ASSERT_TRUE(group.send_signal(SIGSTOP));
    wait_for_state(pids[0], 'T');
  }
  for (const int pid : pids) EXPECT_EQ(::kill(pid, 0), -1) << pid;
}

TEST(WorkerGroup, ReportsACgroupItCannotStartIn) {
  const Fd not_a_cgroup = *open_file("/tmp", 0);
  const auto group = WorkerGroup::spawn({.workers = 1}, {.cgroup = "cg_0", .cgroup_dir = &not_a_cgroup}, 0, 1);
  EXPECT_THAT(group.error().message(), HasSubstr("workers of cg_0: cannot start worker cg_0/0"));
}

TEST(WorkerGroup, RefusesSpecsThatCannotWork) {
  for (const WorkSpec& spec : {WorkSpec{.workers = 0}, WorkSpec{.nice = 20}, WorkSpec{.nice = -21},
                               WorkSpec{.type = Mixed{.spins = 0}}, WorkSpec{.policy = SchedPolicy::rr(100)}})
    EXPECT_EQ(WorkerGroup::spawn(spec, {.cgroup = "cg_0"}, 0, 1).error().code(), ErrorCode::kInvalidArgument);
}

TEST(WorkerGroup, IsCollectedOnceAndAfterItsRelease) {
  WorkerGroup group = spawned({.workers = 1});
  EXPECT_EQ(group.collect(kPatience).error().code(), ErrorCode::kInvalidArgument);
  group.release();
  EXPECT_TRUE(group.collect(kPatience));
  EXPECT_EQ(group.collect(kPatience).error().code(), ErrorCode::kInvalidArgument);
}

TEST(WorkerGroup, BearsWorkersOnTheirCpuAndThenLetsThemOff) {
  const int here = ::sched_getcpu();
  // Field 39 of /proc/PID/stat: the CPU that it ran on last.
  const auto last_cpu = [](int pid) {
    std::istringstream fields(proc_file(pid, "stat"));
    std::string field;
    for (int i = 0; i < 39; ++i) fields >> field;
    return std::stoi(field);
  };
  WorkerGroup group = spawned({.workers = 2}, {.cgroup = "a", .born_on = {here}});
  cpu_set_t own, allowed;
  ASSERT_EQ(::sched_getaffinity(0, sizeof own, &own), 0);
  for (const int pid : group.pids()) {
    EXPECT_EQ(last_cpu(pid), here);
    ASSERT_EQ(::sched_getaffinity(pid, sizeof allowed, &allowed), 0);
    EXPECT_TRUE(CPU_EQUAL(&own, &allowed));
  }
}

}  // namespace
}  // namespace ktstr
