// SPDX-License-Identifier: Apache-2.0
#include "replay/replay_scenario.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replay/sched_text.h"
#include "scenario_file/scenario_file.h"

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string line_of_switch(double at, std::string_view from, int from_pid, char state, std::string_view to,
                           int to_pid) {
  return fmt::format("x 1 [001] {:.6f}: sched:sched_switch: {}:{} [120] {} ==> {}:{} [115]\n", at, from, from_pid,
                     state, to, to_pid);
}

// `ui` runs 10 ms of each 50 ms, and wakes `work` (3 ms).
std::string two_tasks(int rounds) {
  std::string text;
  for (int i = 0; i < rounds; ++i) {
    const double at = 7 + 0.05 * i;
    text += fmt::format("x 0 [001] {:.6f}: sched:sched_waking: ui:11 [115] CPU:001\n", at);
    text += line_of_switch(at, "swapper", 0, 'R', "ui", 11);
    text += fmt::format("ui 11 [001] {:.6f}: sched:sched_waking: work:22 [115] CPU:001\n", at + 0.009);
    text += line_of_switch(at + 0.010, "ui", 11, 'S', "work", 22);
    text += line_of_switch(at + 0.013, "work", 22, 'S', "swapper", 0);
  }
  return text;
}

Result<ReplayScenario> made_of(const std::string& text, const ReplayScenarioOptions& options) {
  KTSTR_TRY_ASSIGN(const Recording recording, read_sched_text(text));
  return replay_scenario(recording, options);
}

std::string why_not(const std::string& text, const ReplayScenarioOptions& options) {
  const auto made = made_of(text, options);
  return made ? "none" : made.error().message();
}

TEST(ReplayScenarioFile, IsAScenarioFile) {
  const auto made = made_of(two_tasks(3), {.name = "a \"b\""});
  ASSERT_TRUE(made) << made.error().render();
  EXPECT_EQ(made->toml,
            "# 113ms of a recording, from 0 s on: 2 of 2 tasks, with 100.0% of the CPU time.\n"
            "name = \"a__b_\"\n"
            "topology = \"1n1l1c1t\"  # as many CPUs as the recording has\n"
            "duration = \"1.037s\"\n\n"
            "[[cgroup]]\nname = \"replay\"\n\n"
            "[[cgroup.work]]\ntype = \"Replay\"\nperiod = \"113ms\"\ntasks = [\n"
            "  # task 0: pid 11, 30ms of CPU time, 3 wake-ups\n"
            "  \"name:ui+nice:-5+run:9ms+wake:1+run:1ms+sleep:40ms+run:9ms+wake:1+run:1ms+sleep:40ms+run:9ms+wake:1+"
            "run:1ms\",\n"
            "  # task 1: pid 22, 9ms of CPU time, 3 wake-ups\n"
            "  \"name:work+nice:-5+wait+run:3ms+wait+run:3ms+wait+run:3ms\",\n"
            "]\n");
  EXPECT_THAT(made->notes, ElementsAre(HasSubstr("2 of 5 sleeps end by time"),
                                       HasSubstr("some of the 3 waits for a task may be none")));
  const auto read = parse_scenario(made->toml, "x.toml");
  ASSERT_TRUE(read) << read.error().render();
}

TEST(ReplayScenarioFile, TakesAPartAndTheTasksThatAreAskedFor) {
  const auto part = made_of(two_tasks(40), {.name = "x", .from_s = 0.5, .to_s = 1.5, .tasks = {"work"}});
  ASSERT_TRUE(part) << part.error().render();
  EXPECT_THAT(part->toml, HasSubstr("period = \"1s\"\n"));
  EXPECT_THAT(part->toml, HasSubstr("name:work+nice:-5+sleep:9ms+run:3ms+sleep:46"));
  const auto by_pid = made_of(two_tasks(4), {.name = "x", .tasks = {"11"}});
  EXPECT_THAT(by_pid->toml, HasSubstr("name:ui"));
  const auto most = made_of(two_tasks(4), {.name = "x", .most_tasks = 1});
  EXPECT_THAT(most->notes, testing::Contains(HasSubstr("1 of 2 tasks are left out")));
  EXPECT_THAT(most->notes, testing::Contains(HasSubstr("1 are taken, with 76.9% of it")));
  const auto placed = made_of(two_tasks(4), {.name = "x", .topology = "1n2l2c1t"});
  EXPECT_THAT(placed->toml, HasSubstr("topology = \"1n2l2c1t\"\n"));
}

TEST(ReplayScenarioFile, IsCutWhereItWouldBeTooLong) {
  const auto made = made_of(two_tasks(6000), {.name = "x"});
  ASSERT_TRUE(made) << made.error().render();
  EXPECT_THAT(made->notes, testing::Contains(HasSubstr("a Replay has 16384 phases at most")));
  const auto read = parse_scenario(made->toml, "x.toml");
  ASSERT_TRUE(read) << read.error().render();
  for (std::size_t at = 0, end = 0; at < made->toml.size(); at = end + 1) {
    end = made->toml.find('\n', at);
    EXPECT_LE(end - at, 120u);
  }
}

TEST(ReplayScenarioFile, IsNotMadeOfNothing) {
  EXPECT_EQ(why_not(two_tasks(2), {.name = "x", .tasks = {"none"}}),
            "no task that is asked for ran in the 63ms from 0 s on");
  EXPECT_THAT(why_not(two_tasks(2), {.name = "x", .from_s = 5}), HasSubstr("nothing is left between --from and --to"));
  EXPECT_EQ(why_not(two_tasks(2), {.name = "x", .from_s = 0.02, .to_s = 0.03}),
            "no task ran in the 10ms from 0.02 s on");
  EXPECT_THAT(why_not(line_of_switch(1, "a", 1, 'S', "b", 2), {.name = "x"}), HasSubstr("nothing is left"));
}

}  // namespace
}  // namespace ktstr
