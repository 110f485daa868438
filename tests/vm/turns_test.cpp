// SPDX-License-Identifier: Apache-2.0
//
// That the CPUs of a guest are equal, and what there is where no plugin ends their turns.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>

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
  const GuestRun asked = run({example("two_cgroups.toml"), "--turn", "1000"}, {"KTSTR_TURNS_PLUGIN=/none.so"});
  EXPECT_EQ(asked.status, 3) << asked.out;
  EXPECT_THAT(asked.out + asked.err, HasSubstr("/none.so is not there"));
}

}  // namespace
}  // namespace ktstr
