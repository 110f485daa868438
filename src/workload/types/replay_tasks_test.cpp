// SPDX-License-Identifier: Apache-2.0
#include "workload/types/replay_tasks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workload/types/work_types.h"

namespace ktstr {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

std::string replay_refusal(std::string_view text) {
  const auto type = make_work_type("Replay", {{"tasks", std::string(text)}});
  return type ? "none" : type.error().message();
}

TEST(ReplayTasks, AreReadAndShownAsTheSameText) {
  const std::string text = "name:a b+nice:-5+run:1ms+wake:1+sleep:3ms|fifo:20+wait+run:2.5ms";
  const auto tasks = read_replay_tasks(text);
  ASSERT_TRUE(tasks) << tasks.error().render();
  ASSERT_EQ(tasks->size(), 2u);
  EXPECT_EQ(tasks->at(0).name, "a b");
  EXPECT_EQ(tasks->at(0).nice, -5);
  EXPECT_EQ(tasks->at(0).phases.at(1), (ReplayPhase{ReplayPhase::Kind::kWake, 1, {}}));
  EXPECT_EQ(tasks->at(1).fifo, 20u);
  EXPECT_EQ(tasks->at(1).phases.at(1), (ReplayPhase{ReplayPhase::Kind::kRun, 0, 2500us}));
  EXPECT_EQ(show_replay_tasks(*tasks), text);
  const WorkType type = Replay{.tasks = *tasks, .period = 10ms};
  EXPECT_EQ(describe(type), "Replay(tasks=" + text + ", period=10ms)");
  const auto again = work_type_from(describe(type));
  ASSERT_TRUE(again) << again.error().render();
  EXPECT_EQ(*again, type);
}

TEST(ReplayTasks, OfMoreThanAnyoneReadsAreReadAndCutInMessages) {
  std::string text = "run:1us";
  for (int i = 0; i < 9000; ++i) text += "+sleep:1.001ms";
  EXPECT_EQ(replay_refusal(text), "none");
  const std::string why = replay_refusal(text + "+" + std::string(100'000, 'x'));
  EXPECT_THAT(why, HasSubstr("task 0: phase 9001: 'xxx"));
  EXPECT_LT(why.size(), 200u);
  EXPECT_THAT(replay_refusal(text + "+" + text), HasSubstr("18002 phases in all; there may be 16384"));
}

TEST(ReplayTasks, RefuseWhatIsNoPhase) {
  for (const char* text : {"",
                           "run",
                           "run:",
                           "run:1",
                           "run:0s",
                           "run:-1ms",
                           "run:2h",
                           "run:3601s",
                           "sleep:x",
                           "wake:",
                           "wake:-1",
                           "wake:x",
                           "wake:4294967296",
                           "wait:1",
                           "walk:1ms",
                           "run:1ms++run:1ms",
                           "|run:1ms",
                           "run:1ms|",
                           "run:1ms||run:1ms",
                           "name:",
                           "name:abcdefghijklmnop+run:1ms",
                           "name:a(b+run:1ms",
                           "name:a\x01+run:1ms",
                           "nice:20+run:1ms",
                           "nice:+run:1ms",
                           "fifo:0+run:1ms",
                           "fifo:98+run:1ms",
                           "run:1ms+nice:3",
                           "nice:1"})
    EXPECT_NE(replay_refusal(text), "none") << text;
  EXPECT_EQ(replay_refusal("run:1ms|run:1ms+walk:1ms"),
            "Replay: tasks: task 1: phase 1: 'walk:1ms' is not a phase like run:1ms, sleep:3ms, wake:1 or wait");
}

TEST(ReplayTasks, RefuseWhatCannotRepeat) {
  EXPECT_EQ(replay_refusal("run:1ms+wake:2|run:1ms"),
            "Replay: task 0, phase 1 (wake:2): there is no task 2; there are 2, counted from 0");
  EXPECT_EQ(replay_refusal("run:1ms|run:1ms+wait"),
            "Replay: task 1 waits 1 times a loop and is woken 0 times: that cannot repeat");
  EXPECT_EQ(replay_refusal("run:1ms+wake:1+wake:1|run:1ms+wait"),
            "Replay: task 1 waits 1 times a loop and is woken 2 times: that cannot repeat");
  EXPECT_EQ(replay_refusal("run:1ms+wait+wake:1|run:1ms+wait+wake:0|run:1ms"),
            "Replay: these wait for each other without end: task 0 in phase 1, task 1 in phase 1");
  EXPECT_THAT(replay_refusal("run:1ms+wait+wake:0"), HasSubstr("wait for each other"));
  EXPECT_EQ(replay_refusal("run:1ms+wait|wake:0"), "Replay: task 1 takes no time: it has no run, no sleep and no wait");
  EXPECT_EQ(replay_refusal("wake:1+wait|wait+wake:0"), "Replay: nothing takes time: there is no run and no sleep");
}

TEST(ReplayTasks, TakeWhatRepeats) {
  for (const char* text : {"run:1ms", "wait+run:1ms+wake:1|wake:0+wait", "wake:0+wait+run:1ms",
                           "run:1ms+wake:1+wait|wait+wake:2|wait+wake:0", "run:1ms+wake:1+wake:1+wake:1|wait+wait+wait",
                           "wait+wait+run:1ms|wake:0+run:1ms|sleep:1ms+wake:0"})
    EXPECT_EQ(replay_refusal(text), "none") << text;
}

TEST(ReplayTasks, GiveTheirWorkersNamesNiceValuesAndPolicies) {
  const WorkType type = *make_work_type("Replay", {{"tasks", "name:ui+nice:-5+run:1ms|fifo:20+run:1ms"}});
  EXPECT_EQ(fitting_workers(type, 1), 2);
  EXPECT_EQ(work_role(type, 3), "task 1");
  EXPECT_EQ(work_comm(type, 2), "ui");
  EXPECT_EQ(work_comm(type, 1), "");
  EXPECT_EQ(work_nice(type, 0), -5);
  EXPECT_EQ(work_nice(type, 1), std::nullopt);
  EXPECT_EQ(work_policy(type, 0), std::nullopt);
  EXPECT_EQ(work_policy(type, 1), SchedPolicy::fifo(20));
  // A policy for all goes with tasks that have none of their own.
  EXPECT_FALSE(check_beside({.type = type, .policy = SchedPolicy::batch()}));
  EXPECT_TRUE(check_beside({.type = Replay{}, .policy = SchedPolicy::batch()}));
}

TEST(CheckReplay, JudgesStructsAsItJudgesText) {
  EXPECT_TRUE(check_replay({}));
  EXPECT_FALSE(check_replay({.tasks = {}}));
  EXPECT_FALSE(check_replay({.tasks = {{}}}));
  EXPECT_FALSE(check_work_type(Replay{.period = -1ms}));
  EXPECT_FALSE(check_work_type(Replay{.tasks = std::vector<ReplayTask>(Replay::kMostTasks + 1, Replay{}.tasks[0])}));
}

TEST(ListJoint, IsTheParametersOwn) {
  EXPECT_EQ(list_joint("Replay", "tasks"), '|');
  EXPECT_EQ(list_joint("Sequence", "phases"), '+');
  EXPECT_EQ(list_joint("None", "phases"), '+');
}

}  // namespace
}  // namespace ktstr
