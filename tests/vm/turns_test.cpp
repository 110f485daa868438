// SPDX-License-Identifier: Apache-2.0
//
// That the CPUs of a guest are equal, and what there is where no plugin ends their turns.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "guests.h"

namespace ktstr {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Turns : public GuestTest {
 protected:
  // A worker on each CPU, a cgroup each, so that each one's iterations are seen.
  std::string busy_cpus(int cpus, const std::string& last_work = "'SpinWait'", const std::string& top = "") const {
    std::string text = top + "duration = '300ms'\n";
    for (int cpu = 0; cpu < cpus; ++cpu)
      text += "[[cgroup]]\nname = 'cpu_" + std::to_string(cpu) + "'\nworkers = 1\ncpuset = '" + std::to_string(cpu) +
              "'\nwork = " + (cpu == cpus - 1 ? last_work : "'SpinWait'") + "\n";
    return text;
  }
  static std::map<std::string, double> iterations(const GuestRun& run) {
    std::map<std::string, double> all;
    for (const auto& cgroup : run.json.at("cgroups")) all[cgroup.at("cgroup")] = cgroup.at("iterations").get<double>();
    return all;
  }
  // Of the first `count` CPUs, in percent of their mean.
  static std::pair<double, double> least_and_most(const GuestRun& run, int count) {
    const auto all = iterations(run);
    double sum = 0, least = 1e18, most = 0;
    for (int cpu = 0; cpu < count; ++cpu) {
      const double each = all.at("cpu_" + std::to_string(cpu));
      sum += each;
      least = std::min(least, each);
      most = std::max(most, each);
    }
    return {100 * least * count / sum, 100 * most * count / sum};
  }
};

TEST_F(Turns, MakeCpusEqual) {
  for (const std::string topology : {"1n1l2c1t", "1n2l2c1t", "1n2l4c1t"}) {
    const int cpus = topology == "1n1l2c1t" ? 2 : topology == "1n2l2c1t" ? 4 : 8;
    const fs::path file = write("busy.toml", busy_cpus(cpus));
    const GuestRun ran = run({file.string(), "--topology", topology});
    ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
    const auto [least, most] = least_and_most(ran, cpus);
    EXPECT_GE(least, 98.5) << topology;
    EXPECT_LE(most, 101.5) << topology;
    EXPECT_THAT(ran.json["vcpu_instructions"], SizeIs(static_cast<std::size_t>(cpus)));
  }
}

TEST_F(Turns, MakeBusyCpusEqualBesideOneThatSleepsAndWakes) {
  const fs::path file = write("sleeper.toml", busy_cpus(4, "{ type = 'Bursty', burst = '2ms', sleep = '3ms' }"));
  const GuestRun ran = run({file.string(), "--topology", "1n2l2c1t"});
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  const auto [least, most] = least_and_most(ran, 3);
  EXPECT_GE(least, 98.5);
  EXPECT_LE(most, 101.5);
}

TEST_F(Turns, MakeTwoEqualCgroupsEqualUnderASchedExtScheduler) {
  const GuestRun ran = run({example("two_cgroups.toml"), "--scheduler", fixture(), "--duration", "300ms"});
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  const auto all = iterations(ran);
  EXPECT_NEAR(all.at("cg_0") / all.at("cg_1"), 1.0, 0.015);
}

// Of equal work: a little is lost to the ticks, which take their time of a slow CPU too.
TEST_F(Turns, GiveSlowCpusTheirPart) {
  const fs::path file = write("slow.toml", busy_cpus(4, "'SpinWait'", "topology = '1n2l2c1t'\ncpu_mips = 120\n") +
                                               "[cpus]\nspeed = { '2-3' = '40%' }\n");
  const GuestRun ran = run({file.string(), "--repeat", "2"});
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(ran.json["digests_equal"], true);
  const nlohmann::json& record = ran.json["runs"][0];
  EXPECT_EQ(record["tuple"]["cpu_speeds"], "2-3=40%");
  EXPECT_EQ(record["cpu_mips"], 125);
  // A tick takes its time of a slow CPU, too: of 60 MIPS less than 39 % are left.
  std::map<std::string, double> done;
  for (const auto& cgroup : record["cgroups"]) done[cgroup["cgroup"]] = cgroup["iterations"].get<double>();
  EXPECT_NEAR(done.at("cpu_2") / done.at("cpu_0"), 0.40, 0.01);
  EXPECT_NEAR(done.at("cpu_3") / done.at("cpu_1"), 0.40, 0.01);
}

TEST_F(Turns, ChangeWhenTheScenarioChangesACpusSpeedAndAreAsBeforeAfterwards) {
  std::string steps;
  for (const char* op : {"", "[[step.op]]\nop = 'set_cpu_speed'\ncpus = '1'\npercent = 25\n", ""})
    steps += std::string("[[step]]\nhold = '200ms'\n") + op +
             "[[step.cgroup]]\nname = 'cpu_0'\nworkers = 1\ncpuset = '0'\n"
             "[[step.cgroup]]\nname = 'cpu_1'\nworkers = 1\ncpuset = '1'\n";
  const GuestRun ran = run({write("throttled.toml", "topology = '1n1l2c1t'\nduration = '900ms'\n" + steps).string()});
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  std::map<std::pair<int, std::string>, double> done;
  for (const auto& cgroup : ran.json["cgroups"])
    done[{cgroup["step"].get<int>(),
          cgroup["cgroup"]}] =  // for each second that it ran: CPU 0 has the body's work, too
        cgroup["iterations"].get<double>() / cgroup["cpu_time_ns"].get<double>();
  const auto ratio = [&](int step) { return done.at({step, "cpu_1"}) / done.at({step, "cpu_0"}); };
  EXPECT_NEAR(ratio(1), 1.0, 0.02);
  EXPECT_NEAR(ratio(2), 0.25, 0.02);
  EXPECT_NEAR(ratio(3), 1.0, 0.02);
}

// More often than a guest may ring for anything else.
TEST_F(Turns, MayChangeInALoop) {
  const fs::path file = write("loop.toml",
                              "topology = '1n1l2c1t'\nduration = '1s'\n[checks]\nmax_spread_pct = false\n"
                              "[[backdrop.cgroup]]\nname = 'cpu_0'\nworkers = 2\n"
                              "[[step]]\nhold = { loop = '2ms' }\n"
                              "[[step.op]]\nop = 'set_cpu_speed'\ncpus = '1'\npercent = 40\n"
                              "[[step.op]]\nop = 'set_cpu_speed'\ncpus = '1'\npercent = 100\n");
  const GuestRun ran = run({file.string()});
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_GT(ran.json["stimuli"].size(), 150u) << "of two rings each, where 300 are allowed otherwise";
}

TEST_F(Turns, GiveNoSpeedsWithoutThePlugin) {
  const fs::path file = write("slow.toml", busy_cpus(2) + "[cpus]\nspeed = { '1' = '40%' }\n");
  const GuestRun ran = run({file.string()}, {"KTSTR_TURNS=quantum"});
  EXPECT_EQ(ran.status, 3) << ran.out;
  EXPECT_THAT(ran.out + ran.err, HasSubstr("CPUs with speeds of their own need turns by the plugin"));
}

TEST_F(Turns, ByAPolicyAreOthersAndRepeat) {
  const std::vector<std::string> arguments{example("two_cgroups.toml"), "--scheduler", fixture(), "--duration", "60ms"};
  const auto digest_of = [&](const std::vector<std::string>& more) -> std::string {
    std::vector<std::string> all = arguments;
    all.insert(all.end(), more.begin(), more.end());
    const GuestRun ran = run(all);
    EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
    return ran.status == 0 ? ran.json.at("digest").get<std::string>() : "";
  };
  std::set<std::string> digests{digest_of({})};
  for (const std::string policy : {"uniform", "bursts", "victim", "pct", "pos"})
    EXPECT_TRUE(digests.insert(digest_of({"--policy", policy})).second) << policy;
  EXPECT_TRUE(digests.contains(digest_of({"--policy", "pct", "--no-recorder"})));
  EXPECT_TRUE(digests.contains(digest_of({"--policy", "pos", "--cold"})));
}

TEST_F(Turns, ByAMixAreThoseOfThePolicyThatTheRunNames) {
  const std::vector<std::string> arguments{example("two_cgroups.toml"), "--duration", "60ms", "--policy"};
  std::vector<std::string> mix = arguments, same = arguments;
  mix.emplace_back("mix");
  const GuestRun mixed = run(mix);
  ASSERT_EQ(mixed.status, 0) << mixed.out << mixed.err;
  same.push_back(mixed.json["tuple"]["policy"]);
  EXPECT_NE(same.back(), "mix");
  EXPECT_EQ(run(same).json["digest"], mixed.json["digest"]);
}

TEST_F(Turns, AreByAPolicyOnlyInDetModeWithThePlugin) {
  const std::vector<std::string> arguments{example("two_cgroups.toml"), "--policy", "pct"};
  const GuestRun timer = run(arguments, {"KTSTR_TURNS=quantum"});
  EXPECT_EQ(timer.status, 3) << timer.out;
  EXPECT_THAT(timer.out + timer.err, HasSubstr("hand-overs by the policy 'pct' need turns by the plugin"));
  const GuestRun real = run({example("two_cgroups.toml"), "--policy", "pct", "--mode", "tcg"});
  EXPECT_EQ(real.status, 64) << real.out;
  EXPECT_THAT(real.out + real.err, HasSubstr("a policy of turns ('pct') needs det mode"));
}

TEST_F(Turns, AreTheSameWarmAndCold) {
  const GuestRun warm = run({example("two_cgroups.toml"), "--scheduler", fixture(), "--duration", "100ms"});
  const GuestRun cold = run({example("two_cgroups.toml"), "--scheduler", fixture(), "--duration", "100ms", "--cold"});
  ASSERT_EQ(warm.status, 0) << warm.out << warm.err;
  EXPECT_EQ(warm.json["digest"], cold.json["digest"]) << cold.out << cold.err;
}

TEST_F(Turns, ComeFromATimerWhereTheUserSaysSo) {
  const std::vector<std::string> arguments{example("two_cgroups.toml"), "--duration", "100ms", "--repeat", "2"};
  const GuestRun ran = run(arguments, {"KTSTR_TURNS=quantum"});
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  const auto& record = ran.json["runs"][0];
  EXPECT_EQ(ran.json["digests_equal"], true);
  EXPECT_EQ(record["why_quantum"], "$KTSTR_TURNS asks for the quantum");
  EXPECT_EQ(record["tuple"]["turn_instructions"], 0);
  EXPECT_GT(record["tuple"]["quantum_ns"], 0);
  EXPECT_THAT(record["vcpu_instructions"], IsEmpty());
}

TEST_F(Turns, ComeFromATimerWhereThereIsNoPlugin) {
  const GuestRun ran = run({example("two_cgroups.toml"), "--duration", "100ms"}, {"KTSTR_TURNS_PLUGIN=/none.so"});
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.json["why_quantum"].get<std::string>(), HasSubstr("/none.so is not there"));
  EXPECT_THAT(ran.err, HasSubstr("CPUs are unequal and runs slower"));
  const GuestRun asked = run({example("two_cgroups.toml"), "--turn", "1000"}, {"KTSTR_TURNS_PLUGIN=/none.so"});
  EXPECT_EQ(asked.status, 3) << asked.out;
  EXPECT_THAT(asked.out + asked.err, HasSubstr("/none.so is not there"));
}

}  // namespace
}  // namespace ktstr
