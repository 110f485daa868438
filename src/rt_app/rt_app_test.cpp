// SPDX-License-Identifier: Apache-2.0
#include "rt_app/rt_app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rt_app/json_text.h"
#include "scenario_file/scenario_file.h"

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr const char* kTwoTasks = R"({
  /* two tasks */
  "tasks": {
    "frame": {
      "instance": 2,
      "loop": -1,
      "cpus": [0, 2],
      "run": 4000,
      "run": 500,
      "timer": { "ref": "unique", "period": 16667 }
    },
    "audio": { "policy": "SCHED_FIFO", "priority": 40,
      "phases": {
        "warm": { "loop": 2, "run": 1000, "sleep": 2000 },
        "rest": { "sleep": 5000 } } }
  },
  "global": { "duration": 3, "default_policy": "SCHED_OTHER", "calibration": "CPU0" }
})";

std::string refusal(const std::string& json) {
  const auto imported = import_rt_app(json, "x");
  return imported ? "none" : imported.error().message();
}
std::string of_task(const std::string& members) { return refusal("{\n\"tasks\": {\n\"t\": {\n" + members + "\n} } }"); }

TEST(KeyLines, AreThoseOfTheKeysAlone) {
  EXPECT_THAT(key_lines("{\"a\": \"b\",\n// \"c\": 1\n/* \"d\":\n */ \"e\" : {\"f\\\"g\":[\"h\"]}}"),
              ElementsAre(1, 4, 4));
  EXPECT_THAT(key_lines(""), IsEmpty());
  EXPECT_THAT(key_lines("\"open"), IsEmpty());
  EXPECT_THAT(key_lines("/* open"), IsEmpty());
}

TEST(StrictJson, LeavesWhatIsStrictAsItIs) {
  for (const char* text : {"", "{}", "{\"a\": [1, 2], \"b\": {\"c\": \"d,}\"}}", kTwoTasks})
    EXPECT_EQ(strict_json(text), text);
}

TEST(StrictJson, TakesWhatRtAppTakes) {
  EXPECT_EQ(strict_json("{\"a\": [1, 2,],\n}"), "{\"a\": [1, 2 ] \n}");
  EXPECT_EQ(strict_json("{\"a\": 1, // x,\n }"), "{\"a\": 1  // x,\n }");
  EXPECT_EQ(strict_json("{\"suspend\", \"b\": \"c\"}"), "{\"suspend\": \"\", \"b\": \"c\"}");
  EXPECT_EQ(strict_json("{\"suspend\"}"), "{\"suspend\": \"\"}");
  for (const char* text : {"}", "]]", ",", "{,", "\"", "\"\\", "/*", "{\"a\"", ",}"}) strict_json(text);
}

TEST(RtApp, BecomesAScenario) {
  const auto imported = import_rt_app(kTwoTasks, "game");
  ASSERT_TRUE(imported) << imported.error().render();
  EXPECT_THAT(imported->notes, IsEmpty());
  EXPECT_EQ(imported->toml, R"(name = "game"
duration = "3s"

[[cgroup]]
name = "rt_app"

[[cgroup.work]]
type = "Sequence"
comm = "frame"
workers = 2
affinity = "0,2"
phases = ["run:4000us", "run:500us", "timer:16667us"]

[[cgroup.work]]
type = "Sequence"
comm = "audio"
workers = 1
policy = "fifo:40"
phases = ["run:1000us", "sleep:2000us", "run:1000us", "sleep:2000us", "sleep:5000us"]
)");
  const auto scenario = parse_scenario(imported->toml, "game.toml");
  EXPECT_TRUE(scenario) << scenario.error().render();
}

TEST(RtApp, WhatIsNotQuiteTheSameIsNoted) {
  const auto imported = import_rt_app(R"({"tasks": {"t": {
    "loop": 5, "run": 1000}},
    "global": {"duration": -1}})",
                                      "x");
  ASSERT_TRUE(imported) << imported.error().render();
  EXPECT_THAT(imported->notes, UnorderedElementsAre("line 2: loop 5: here it goes on to the end of the scenario",
                                                    "line 3: duration -1: without end; the scenario takes 10 s"));
  EXPECT_THAT(imported->toml, HasSubstr("duration = \"10s\""));
}

TEST(RtApp, WhatCannotBeHadIsNamedWithItsLine) {
  EXPECT_EQ(of_task("\"run\": 1,\n\"lock\": \"m\""), "line 5: 'lock': is not supported");
  EXPECT_EQ(of_task("\"walk\": 1"), "line 4: 'walk': is not known; supported are run, runtime, sleep, timer and yield");
  EXPECT_EQ(of_task("\"run\": \"long\""), "line 4: 'run': must be a whole number");
  EXPECT_EQ(of_task("\"run\": -5"), "line 4: 'run': must be from 0 to 3600000000");
  EXPECT_EQ(of_task("\"instance\": 2"), "line 3: 't': does nothing: there is no run, sleep or timer in it");
  EXPECT_EQ(of_task("\"timer\": {\"ref\": \"a\"}"), "line 4: 'timer': has no period");
  EXPECT_EQ(of_task("\"policy\": \"SCHED_DEADLINE\", \"run\": 1"),
            "line 4: 'policy': is none of SCHED_OTHER, SCHED_BATCH, SCHED_IDLE, SCHED_FIFO, SCHED_RR");
  EXPECT_EQ(of_task("\"phases\": {\"p\": {\"run\": 1, \"cpus\": [0]}}"),
            "line 4: 'cpus': of a phase alone is not supported; say it of the task");
  EXPECT_EQ(of_task("\"phases\": {\"p\": {\"loop\": 200, \"run\": 1, \"sleep\": 1}}"),
            "line 4: 'p': with its loops the task has more than 256 phases");
}

TEST(RtApp, WhatWouldBeAnotherLoadIsRefused) {
  EXPECT_EQ(of_task("\"instance\": 0, \"run\": 1"), "line 2: 'tasks': none of them has an instance");
  EXPECT_EQ(of_task("\"policy\": \"SCHED_RR\", \"priority\": -3, \"run\": 1"),
            "line 3: 't': its priority must be from 1 to 97");
}

TEST(RtApp, WhatIsNoneIsRefused) {
  EXPECT_THAT(refusal("{"), HasSubstr("it is not JSON at line 1"));
  EXPECT_EQ(refusal("[]"), "it is no JSON object");
  EXPECT_EQ(refusal("{}"), "there are no 'tasks'");
  EXPECT_EQ(refusal("{\"task\": {}}"), "line 1: 'task': is not known; accepted: tasks, global, resources");
  for (const char* text : {"{\"tasks\": 1}", "{\"tasks\": {\"t\": 1}}", "{\"tasks\": {\"t\": {\"phases\": 3}}}",
                           "{\"tasks\": {\"t\": {\"run\": 1, \"cpus\": 3}}}", "{\"tasks\": [1]}"})
    EXPECT_FALSE(import_rt_app(text, "x")) << text;
}

}  // namespace
}  // namespace ktstr
