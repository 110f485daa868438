// SPDX-License-Identifier: Apache-2.0
#include "replay/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/splitmix.h"
#include "replay/replay_text.h"
#include "workload/types/replay_tasks.h"

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Did = HistoryPhase::Kind;

// Times in us.
struct Made {
  Recording recording;
  Made& out(std::uint64_t at, std::uint16_t cpu, std::int32_t from, std::int32_t to, bool sleeps = true) {
    recording.events.push_back(
        {.time_ns = at * 1000, .sleeps = sleeps, .cpu = cpu, .from = from, .to = to, .priority = 120});
    return *this;
  }
  Made& wake(std::uint64_t at, std::uint16_t cpu, std::int32_t pid, bool by_task = true) {
    recording.events.push_back(
        {.time_ns = at * 1000, .kind = RecordedEvent::Kind::kWakeup, .by_task = by_task, .cpu = cpu, .to = pid});
    return *this;
  }
  History between(std::uint64_t from, std::uint64_t to) const { return history_of(recording, from * 1000, to * 1000); }
  std::string text(std::uint64_t from, std::uint64_t to, const std::vector<std::int32_t>& pids) const {
    return show_replay_tasks(replayed_tasks_of(between(from, to), pids, recording.names).tasks);
  }
};

TEST(HistoryOf, TellsWhoRanSleptAndWokeWhom) {
  Made made;
  // 1 runs on CPU 0, wakes 2, which runs on CPU 1; 1 is preempted by 3 for a while.
  made.out(0, 0, 0, 1).out(0, 1, 0, 0).wake(100, 0, 2).out(110, 1, 0, 2).out(200, 0, 1, 3, false);
  made.out(300, 0, 3, 1)
      .out(310, 1, 2, 0)
      .out(400, 0, 1, 0)
      .wake(900, 1, 1, false)
      .out(920, 0, 0, 1)
      .out(1000, 0, 1, 0);
  const History history = made.between(0, 1000);
  EXPECT_EQ(history.holes, 0u);
  EXPECT_THAT(
      history.tasks.at(1).phases,
      ElementsAre(HistoryPhase{Did::kRun, kNobodyKnown, 100'000}, HistoryPhase{Did::kWake, 2, 0},
                  HistoryPhase{Did::kRun, kNobodyKnown, 200'000}, HistoryPhase{Did::kSleep, kNobodyKnown, 500'000},
                  HistoryPhase{Did::kRun, kNobodyKnown, 80'000}));
  EXPECT_THAT(history.tasks.at(2).phases,
              ElementsAre(HistoryPhase{Did::kWait, 1, 100'000}, HistoryPhase{Did::kRun, kNobodyKnown, 200'000},
                          HistoryPhase{Did::kSleep, kNobodyKnown, 690'000}));
  EXPECT_EQ(history.tasks.at(1).ran_ns, 380'000u);
  EXPECT_EQ(history.tasks.at(1).wakeups, 1u);
  // The last sleep is the period's; 3 is left out, and so is nobody's waker.
  EXPECT_EQ(made.text(0, 1000, {1, 2}), "run:100us+wake:1+run:200us+sleep:500us+run:80us|wait+run:200us");
  EXPECT_EQ(made.text(0, 1000, {2}), "sleep:100us+run:200us");
  EXPECT_EQ(made.text(0, 1000, {1}), "run:300us+sleep:500us+run:80us");
  // A part of it: who ran goes on, who slept sleeps on.
  EXPECT_EQ(made.text(150, 950, {1, 2}), "run:150us+sleep:500us+run:30us|run:160us");
  EXPECT_EQ(made.text(500, 1000, {1, 2}), "sleep:400us+run:80us");
  EXPECT_EQ(made.text(450, 800, {1, 2}), "");
}

TEST(HistoryOf, TakesWhatNobodyHasSaidForASleep) {
  Made made;
  made.out(50, 0, 7, 0);                     // ran since the beginning
  made.out(100, 1, 0, 8).out(150, 1, 8, 0);  // came without a wake-up, and once more
  made.out(300, 1, 0, 8).out(350, 1, 8, 0);
  EXPECT_EQ(made.text(0, 400, {7, 8}), "run:50us|sleep:100us+run:50us+sleep:150us+run:50us");
  EXPECT_EQ(made.between(0, 400).holes, 0u);
  // Where wake-ups are recorded, one that was not woken was runnable.
  made.wake(360, 0, 9);
  EXPECT_EQ(made.text(0, 400, {7, 8}), "run:50us|run:50us+sleep:150us+run:50us");
}

TEST(HistoryOf, CountsHolesAndGoesOn) {
  Made made;
  made.out(10, 0, 0, 1).out(50, 0, 2, 3).out(60, 0, 3, 1).out(90, 0, 1, 0);
  const History history = made.between(0, 100);
  EXPECT_EQ(history.holes, 2u);  // 1 has gone, 2 was there
  EXPECT_EQ(history.tasks.at(1).ran_ns, 30'000u);
}

TEST(HistoryOf, TakesCpusWhoseClocksDifferALittle) {
  Made made;
  made.out(10, 0, 0, 1).out(50, 1, 0, 1).out(51, 0, 1, 2, false).out(60, 0, 2, 0).out(90, 1, 1, 0);
  const History history = made.between(0, 100);
  EXPECT_EQ(history.holes, 0u);
  EXPECT_EQ(history.tasks.at(1).ran_ns, 80'000u);
  EXPECT_EQ(history.tasks.at(2).ran_ns, 9'000u);
}

TEST(HistoryOf, AWakeUpByNobodyWhoRunsIsASleep) {
  Made made;
  // On an idle CPU, by itself, of one that runs, and twice.
  made.out(0, 0, 0, 1)
      .out(0, 1, 0, 0)
      .out(10, 0, 1, 0)
      .wake(20, 1, 1)
      .wake(25, 1, 1)
      .out(30, 0, 0, 1)
      .wake(40, 0, 1)
      .out(50, 0, 1, 0);
  EXPECT_EQ(made.text(0, 60, {1}), "run:10us+sleep:10us+run:20us");
  EXPECT_EQ(made.between(0, 60).tasks.at(1).wakeups, 1u);
}

TEST(ReplayedTasksOf, RoundsSoThatTheSumIsRight) {
  Made made;
  std::uint64_t at = 0;
  for (int i = 0; i < 50; ++i, at += 20'000 + 12'345)
    made.out(at, 0, 0, 1).out(at + 12'345, 0, 1, 0).wake(at + 32'345 - 1, 1, 1, false);
  const ReplayedTasks replayed = replayed_tasks_of(made.between(0, at), {1}, {});
  std::chrono::nanoseconds ran{};
  for (const ReplayPhase& phase : replayed.tasks.at(0).phases) {
    if (phase.kind == ReplayPhase::Kind::kRun) ran += phase.length;
    EXPECT_EQ(phase.length.count() % 10'000, 0);
  }
  EXPECT_NEAR(static_cast<double>(ran.count()), 50 * 12'345e3, 10'000);
  EXPECT_EQ(replayed.timed, 49u);  // without the last one
}

TEST(ReplayedTasksOf, LeaveOutSleepsThatAreTooShortToBeSaid) {
  Made made;
  Recording& recording = made.recording;
  made.out(0, 0, 0, 1).out(100, 0, 1, 0);
  recording.events.push_back({.time_ns = 100'300, .cpu = 0, .from = 0, .to = 1, .priority = 90});
  made.out(200, 0, 1, 0);
  recording.names[1] = "a+b\"c\x80 longer than it may be";
  EXPECT_EQ(made.text(0, 250, {1}), "name:a_b_c_ longer t+run:200us");
}

TEST(ReplayedTasksOf, HavePriorities) {
  const auto of = [](std::int32_t priority) {
    Made made;
    made.out(0, 0, 0, 1).out(100, 0, 1, 0);
    made.recording.events[0].priority = priority;
    return made.text(0, 100, {1});
  };
  EXPECT_EQ(of(120), "run:100us");
  EXPECT_EQ(of(kNoPriority), "run:100us");
  EXPECT_EQ(of(139), "nice:19+run:100us");
  EXPECT_EQ(of(100), "nice:-20+run:100us");
  EXPECT_EQ(of(49), "fifo:50+run:100us");
  EXPECT_EQ(of(0), "fifo:97+run:100us");
  EXPECT_EQ(of(-1), "fifo:97+run:100us");
  EXPECT_EQ(of(1000), "run:100us");
}

// Any history of tasks that wake each other is one that repeats.
TEST(ReplayedTasksOf, CanAlwaysRepeat) {
  std::uint64_t seed = 1;
  const auto draw = [&](std::uint64_t count) {
    seed = splitmix64(seed);
    return pick_up_to(seed, count - 1);
  };
  for (int round = 0; round < 50; ++round) {
    Made made;
    std::vector<std::int32_t> running(3, 0);
    for (std::uint64_t at = 1; at < 400; ++at) {
      const auto cpu = static_cast<std::uint16_t>(draw(3));
      const auto pid = static_cast<std::int32_t>(1 + draw(6));
      if (draw(2) == 0) {
        made.wake(at, cpu, pid, draw(4) != 0);
      } else if (std::find(running.begin(), running.end(), pid) == running.end()) {
        made.out(at, cpu, running[cpu], draw(3) == 0 ? 0 : pid, draw(3) != 0);
        running[cpu] = made.recording.events.back().to;
      }
    }
    const std::uint64_t from = draw(200);
    Replay replay{.tasks = replayed_tasks_of(made.between(from, 400), {1, 2, 3, 4, 5}, {}).tasks};
    if (replay.tasks.empty()) continue;
    const Status valid = check_replay(replay);
    EXPECT_TRUE(valid) << valid.error().render() << "\n" << show_replay_tasks(replay.tasks);
  }
}

}  // namespace
}  // namespace ktstr
