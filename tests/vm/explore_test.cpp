// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <set>

#include "guests.h"

namespace ktstr {
namespace {

using ::testing::IsEmpty;

class Explore : public GuestTest {
 protected:
  std::vector<std::string> two_cpus(std::vector<std::string> more) const {
    std::vector<std::string> arguments{write("two_cpus.toml", kScenario).string(), "--scheduler", fixture()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

 private:
  // examples/two_cgroups.toml, on one LLC.
  static constexpr std::string_view kScenario = R"(
topology = "1n1l2c1t"
duration = "300ms"
[[cgroup]]
name = "cg_0"
workers = 2
work = "SpinWait"
[[cgroup]]
name = "cg_1"
workers = 2
work = "SpinWait"
)";
};

TEST_F(Explore, RunsSeedsAtOnceWithTheDigestsOfSingleRuns) {
  const GuestRun explored = run(two_cpus({"--seeds", "1..4", "-j", "2"}));
  ASSERT_EQ(explored.status, 0) << explored.out << explored.err;
  EXPECT_THAT(left_in_ram_dir(), IsEmpty());
  const auto& json = explored.json;
  EXPECT_EQ(json["seeds"], (nlohmann::json{{"from", 1}, {"to", 4}}));
  EXPECT_EQ(json["runs"], 4);
  EXPECT_EQ(json["failed"], 0);
  EXPECT_EQ(json["infrastructure"], 0);
  EXPECT_EQ(json["rate"], 0.0);
  EXPECT_GT(json["rate_high"], 0.4);
  EXPECT_THAT(json["groups"], IsEmpty());
  ASSERT_EQ(json["results"].size(), 4U);
  std::set<std::string> digests, ids;
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(json["results"][i]["seed"], i + 1);
    EXPECT_EQ(json["results"][i]["outcome"], "pass");
    digests.insert(json["results"][i]["digest"]);
    ids.insert(json["results"][i]["id"]);
  }
  EXPECT_EQ(digests.size(), 4U);
  EXPECT_EQ(ids.size(), 4U);
  const GuestRun single = run(two_cpus({"--seed", "3"}));
  ASSERT_EQ(single.status, 0) << single.out << single.err;
  EXPECT_EQ(single.json["digest"], json["results"][2]["digest"]);
}

// About one seed in twenty hits the race; which ones changes with every build of what is in the guest.
TEST_F(Explore, FindsThePlantedLostWakeupAndReplaysIt) {
  const std::string scheduler = fixture("--lose-wakeup");
  const GuestRun explored =
      run({example("lost_wakeup.toml"), "--scheduler", scheduler, "--seeds", "1..200", "-j", "2", "--fail-fast"});
  ASSERT_EQ(explored.status, 1) << explored.out << explored.err;
  ASSERT_GE(explored.json["groups"].size(), 1U);
  const auto& group = explored.json["groups"][0];
  EXPECT_THAT(group["kind"].get<std::string>(), testing::AnyOf("scheduler_stalled", "stuck"));
  const GuestRun again = replay({group["run_dir"].get<std::string>(), "--times", "3"});
  EXPECT_EQ(again.status, 1) << again.out << again.err;
  EXPECT_EQ(again.json["same_digest"], true);
  EXPECT_EQ(again.json["runs"].size(), 3U);
  // Without the race the same seed passes.
  const std::string seed = std::to_string(group["smallest_seed"].get<std::uint64_t>());
  const GuestRun sound = run({example("lost_wakeup.toml"), "--scheduler", fixture(), "--seed", seed});
  EXPECT_EQ(sound.status, 0) << sound.out << sound.err;
}

TEST_F(Explore, GroupsFailuresAndStopsAfterTheFirstWhereAsked) {
  const GuestRun explored =
      run({write("f.toml", "topology = \"1n1l2c1t\"\n[[cgroup]]\nname = \"cg_0\"\n").string(), "--scheduler",
           fixture("--crash-after 200"), "--seeds", "1..9", "-j", "1", "--fail-fast"});
  ASSERT_EQ(explored.status, 1) << explored.out << explored.err;
  EXPECT_EQ(explored.json["failed"], 1);
  EXPECT_EQ(explored.json["not_run"], 8);
  ASSERT_EQ(explored.json["groups"].size(), 1U);
  const auto& group = explored.json["groups"][0];
  EXPECT_EQ(group["kind"], "scheduler_crashed");
  EXPECT_EQ(group["seeds"], nlohmann::json{1});
  EXPECT_TRUE(fs::exists(fs::path(group["run_dir"].get<std::string>()) / "report.txt"));
  EXPECT_NE(group["repeat_command"].get<std::string>().find("--seed 1"), std::string::npos);
}

}  // namespace
}  // namespace ktstr
