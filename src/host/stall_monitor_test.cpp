// SPDX-License-Identifier: Apache-2.0
#include "host/stall_monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "workload/worker_group.h"

namespace ktstr {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

struct FakeTask {
  int switches = 10;
  std::string runtime = "5.000000";  // ms
  char state = 'R';
  int start_time = 777;
};

class StallTest : public testing::Test {
 protected:
  void SetUp() override {
    write("self/sched", sched_text({}));
    write("loadavg", "1.50 1.00 0.50 2/100 4711\n");
  }
  fs::path root() const { return dir_.path(); }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((root() / name).parent_path());
    const Status written = write_text(root() / name, text);
    ASSERT_TRUE(written) << written.error().render();
  }
  static std::string sched_text(const FakeTask& task) {
    return fmt::format(
        "cg_0/1 (42, #threads: 1)\n---------------------\n"
        "se.exec_start                                :       5232883.758838\n"
        "se.sum_exec_runtime                          :    {:>18}\n"
        "nr_switches                                  :    {:>18}\n"
        "nr_voluntary_switches                        :                    0\n",
        task.runtime, task.switches);
  }
  // The name is one that a parser which looks for the first ')' would stumble over.
  void put(int pid, const FakeTask& task) const {
    const std::string dir = std::to_string(pid) + "/";
    write(dir + "sched", sched_text(task));
    write(dir + "stat", fmt::format("{} (a) S b) {} 1 1 1 0 -1 64 0 0 0 0 0 0 0 0 20 0 1 0 {} 0 0\n", pid, task.state,
                                    task.start_time));
    write(dir + "comm", "a) S b\n");
  }
  // Looks `count` times, a second apart.
  std::vector<StallReport> look(StallDetector& detector, int count) {
    std::vector<StallReport> all;
    for (int i = 0; i < count; ++i)
      for (StallReport& report : detector.sample(now_ += 1s)) all.push_back(std::move(report));
    return all;
  }
  StallDetector watching(int pid) const {
    StallDetector detector(root(), 4);
    detector.watch({pid});
    return detector;
  }

  TempDir dir_ = *TempDir::create(fs::temp_directory_path(), "stall-test");
  Nanoseconds now_ = 0s;
};

TEST_F(StallTest, ReportsARunnableTaskOnceItsNumbersStoodStillForFourSamples) {
  put(42, {.switches = 7, .runtime = "3.000000"});
  StallDetector detector = watching(42);
  EXPECT_THAT(look(detector, 1), IsEmpty());
  put(42, {.switches = 10, .runtime = "5.000001"});
  EXPECT_THAT(look(detector, 4), IsEmpty()) << "one to start with, three that are the same";
  const auto reports = look(detector, 1);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].pid, 42);
  EXPECT_EQ(reports[0].state, 'R');
  EXPECT_EQ(reports[0].watched, (StallSample{1s, 7, 3ms}));
  EXPECT_EQ(reports[0].first, (StallSample{2s, 10, 5'000'001ns}));
  EXPECT_EQ(reports[0].last, (StallSample{6s, 10, 5'000'001ns}));
}

TEST_F(StallTest, ReportsATaskOnceUntilItMakesProgress) {
  put(42, {});
  StallDetector detector = watching(42);
  EXPECT_EQ(look(detector, 20).size(), 1u);
  put(42, {.switches = 11});
  EXPECT_THAT(look(detector, 4), IsEmpty());
  EXPECT_EQ(look(detector, 10).size(), 1u);
}

TEST_F(StallTest, DoesNotReportATaskAgainThatOnlySleptInBetween) {
  put(42, {});
  StallDetector detector = watching(42);
  EXPECT_EQ(look(detector, 5).size(), 1u);
  put(42, {.state = 'S'});
  EXPECT_THAT(look(detector, 1), IsEmpty());
  put(42, {.state = 'R'});
  EXPECT_THAT(look(detector, 20), IsEmpty()) << "its numbers never moved";
}

TEST_F(StallTest, TakesEitherNumberForProgress) {
  StallDetector detector = watching(42);
  detector.watch({43});
  for (int i = 0; i < 20; ++i) {
    put(42, {.switches = i});
    put(43, {.runtime = fmt::format("5.{:06}", i)});
    EXPECT_THAT(look(detector, 1), IsEmpty());
  }
}

TEST_F(StallTest, LeavesSleepingAndStoppedTasksInPeace) {
  StallDetector detector(root(), 4);
  detector.watch({42, 43, 44});
  put(42, {.state = 'S'});
  put(43, {.state = 'D'});
  put(44, {.state = 'T'});
  EXPECT_THAT(look(detector, 20), IsEmpty());
}

TEST_F(StallTest, CountsAnewWhenATaskWasNotRunnableInBetween) {
  put(42, {});
  StallDetector detector = watching(42);
  EXPECT_THAT(look(detector, 4), IsEmpty());
  put(42, {.state = 'S'});
  EXPECT_THAT(look(detector, 1), IsEmpty());
  put(42, {});
  EXPECT_THAT(look(detector, 3), IsEmpty());
  EXPECT_EQ(look(detector, 1).size(), 1u);
}

TEST_F(StallTest, ForgetsTasksThatHaveEnded) {
  put(42, {});
  StallDetector detector = watching(42);
  EXPECT_THAT(look(detector, 4), IsEmpty());
  fs::remove_all(root() / "42");
  EXPECT_THAT(look(detector, 1), IsEmpty());
  put(42, {.start_time = 888});
  EXPECT_THAT(look(detector, 20), IsEmpty()) << "somebody else has its pid";
}

TEST_F(StallTest, KnowsAPidThatWasUsedAgainBetweenTwoSamples) {
  put(42, {});
  StallDetector detector = watching(42);
  EXPECT_THAT(look(detector, 4), IsEmpty());
  put(42, {.start_time = 888});
  EXPECT_THAT(look(detector, 20), IsEmpty());
}

TEST_F(StallTest, ReportsNothingOnATaskThatIsWatchedNoLonger) {
  put(42, {});
  StallDetector detector = watching(42);
  EXPECT_THAT(look(detector, 4), IsEmpty());
  detector.unwatch({42});
  EXPECT_THAT(look(detector, 20), IsEmpty());
}

TEST_F(StallTest, TellsWhatProcSaysOfTheTaskAndTheHost) {
  put(42, {});
  write("42/wchan", "do_wait");
  write("42/syscall", "running\n");
  write("42/cgroup", "3:cpuset:/old\n0::/ktstr/cg_0\n");
  write("42/status", "Name:\ta\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n");
  write("42/stack", "[<0>] schedule+0x1/0x2\n[<0>] do_exit+0x3/0x4\n");
  StallDetector detector = watching(42);
  const auto reports = look(detector, 5);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(
      reports[0].describe(),
      "a) S b (pid 42) is runnable and does not run: 10 switches and 5ms of run time, +0 switches, +0s of run time "
      "in 4s; +0 switches, +0s of run time in 4s since it is watched. State R, wchan do_wait, syscall running, "
      "cgroup /ktstr/cg_0, CPUs 0-1, host load 1.50 1.00 0.50 2/100 4711\n"
      "[<0>] schedule+0x1/0x2\n[<0>] do_exit+0x3/0x4");
}

TEST_F(StallTest, ReportsATaskOfWhichNothingElseCanBeRead) {
  put(42, {});
  StallDetector detector = watching(42);
  const auto reports = look(detector, 5);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_THAT(reports[0].describe(),
              AllOf(HasSubstr("wchan ?, syscall ?, cgroup ?, CPUs ?, host load 1.50"), testing::Not(HasSubstr("\n"))));
}

TEST_F(StallTest, SaysWhereTheKernelDoesNotTellEnough) {
  fs::remove(root() / "self/sched");
  const auto absent = StallMonitor::start({.proc_root = root()});
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code(), ErrorCode::kUnsupported);
  EXPECT_THAT(absent.error().render(), AllOf(HasSubstr("self/sched"), HasSubstr("CONFIG_SCHED_DEBUG=y")));
  write("self/sched", "nr_switches : 3\n");
  EXPECT_THAT(StallMonitor::start({.proc_root = root()}).error().message(), HasSubstr("has no nr_switches and"));
}

TEST_F(StallTest, RefusesIntervalsAndNumbersOfSamplesOutOfRange) {
  EXPECT_EQ(StallMonitor::start({.proc_root = root(), .interval = 0ns}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(StallMonitor::start({.proc_root = root(), .flat_samples = 0}).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(StallTest, RunsOnAThreadOfItsOwnAndKeepsItsReportsUntilItIsStopped) {
  put(42, {});
  put(43, {.state = 'S'});
  std::promise<int> reported;
  auto monitor = StallMonitor::start({.proc_root = root(),
                                      .interval = 1ms,
                                      .now = [this] { return now_ += 1s; },
                                      .on_report = [&](const StallReport& report) { reported.set_value(report.pid); }});
  ASSERT_TRUE(monitor) << monitor.error().render();
  monitor->watch({42, 43});
  EXPECT_EQ(reported.get_future().get(), 42);
  StallMonitor moved = std::move(*monitor);
  moved.unwatch({42});
  const auto reports = moved.stop();
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].last.at - reports[0].first.at, 4s);
  EXPECT_THAT(moved.stop(), IsEmpty());
}

TEST_F(StallTest, EndsWithItsHandle) {
  std::weak_ptr<int> held;
  {
    auto alive = std::make_shared<int>(0);
    held = alive;
    auto monitor = StallMonitor::start(
        {.proc_root = root(), .interval = 1h, .on_report = [alive = std::move(alive)](const StallReport&) {}});
    ASSERT_TRUE(monitor);
  }
  EXPECT_TRUE(held.expired());
}

// The format of the running kernel. Sampled without a pause even a worker at work stands still: the kernel adds to its
// run time at the tick.
TEST(StallDetectorOnThisKernel, ReadsWhatTheKernelSaysOfAWorker) {
  StallDetector detector("/proc", 1);
  if (const Status supported = detector.check_supported(); !supported) GTEST_SKIP() << supported.error().render();
  auto group = WorkerGroup::spawn({}, {.cgroup = "cg_0"}, 0, 1);
  ASSERT_TRUE(group) << group.error().render();
  group->release();
  detector.watch(group->pids());
  std::vector<StallReport> reports;
  for (const Nanoseconds deadline = monotonic_now() + 60s; reports.empty() && monotonic_now() < deadline;)
    reports = detector.sample(monotonic_now());
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].pid, group->pids()[0]);
  EXPECT_EQ(reports[0].comm, "cg_0/0");
  EXPECT_EQ(reports[0].state, 'R');
  EXPECT_GT(reports[0].last.nr_switches, 0u) << "it has slept at the barrier";
  EXPECT_NE(reports[0].cpus_allowed, "?");
  EXPECT_NE(reports[0].host_load, "?");
}

}  // namespace
}  // namespace ktstr
