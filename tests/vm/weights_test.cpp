// SPDX-License-Identifier: Apache-2.0
//
// Shares of CPU time by cpu.weight, and schedulers that run none of the workers.
#include <gmock/gmock.h>

#include "guests.h"

namespace ktstr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Six workers each on two CPUs: entitled to 25% and 75%. Those of `high` are threads, whose class must be seen too.
constexpr std::string_view kWeights = R"(
topology = "1n1l2c1t"
duration = "1s"
[checks]
share = true
[[cgroup]]
name = "low"
workers = 6
cpu_weight = 100
[[cgroup]]
name = "high"
workers = 6
cpu_weight = 300
pcomm = "high"
)";

class Weights : public GuestTest, public ::testing::WithParamInterface<const char*> {
 protected:
  GuestRun run_weights(std::vector<std::string> more) {
    std::vector<std::string> arguments{write("weights.toml", kWeights).string(), "--kernel", GetParam()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
};

TEST_P(Weights, AreFollowedByTheFixture) {
  need_kernel(GetParam());
  if (IsSkipped() || HasFatalFailure()) return;
  const GuestRun ran = run_weights({"--scheduler", fixture()});
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  for (const auto& cgroup : ran.json["cgroups"]) {
    EXPECT_EQ(cgroup["sched_class"], "ext") << cgroup;
    EXPECT_EQ(cgroup["weight"], cgroup["cgroup"] == "low" ? 100 : 300) << cgroup;
    EXPECT_NEAR(cgroup["entitled_pct"].get<double>(), cgroup["cgroup"] == "low" ? 25 : 75, 0.01) << cgroup;
  }
}

TEST_P(Weights, ThatTheFixtureIgnoresFailTheCheckOfShares) {
  need_kernel(GetParam());
  if (IsSkipped() || HasFatalFailure()) return;
  const GuestRun ran = run_weights({"--scheduler", fixture("--ignore-weights")});
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.failures(), ElementsAre("share", "share")) << ran.out;
}

TEST_P(Weights, OfNiceValuesThatTheFixtureIgnoresFailTheCheckOfShares) {
  need_kernel(GetParam());
  if (IsSkipped() || HasFatalFailure()) return;
  const fs::path file = write("nice.toml",
                              "topology = '1n1l1c1t'\nduration = '1s'\n[checks]\nshare = true\n"
                              "[[cgroup]]\nname = 'low'\nworkers = 2\nnice = 5\n"
                              "[[cgroup]]\nname = 'high'\nworkers = 2\n");
  const GuestRun bad = run({file.string(), "--kernel", GetParam(), "--scheduler", fixture("--ignore-nice")});
  EXPECT_EQ(bad.status, 1) << bad.out << bad.err;
  EXPECT_THAT(bad.failures(), ElementsAre("share", "share")) << bad.out;
  EXPECT_THAT(bad.first_message(), HasSubstr("nice 5"));
  const GuestRun sound = run({file.string(), "--kernel", GetParam(), "--scheduler", fixture()});
  EXPECT_EQ(sound.status, 0) << sound.out << sound.err;
}

TEST_P(Weights, AreFollowedByTheKernelsOwnScheduler) {
  need_kernel(GetParam());
  if (IsSkipped() || HasFatalFailure()) return;
  const GuestRun ran = run_weights({});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
}

INSTANTIATE_TEST_SUITE_P(Kernels, Weights, ::testing::Values("7.3", "6.18"));

class Unused : public GuestTest {
 protected:
  // With lines for the [checks] table and for the only cgroup.
  GuestRun run_one(const std::string& checks, const std::string& cgroup, const std::string& scheduler) {
    return run({write("unused.toml", "topology = '1n1l2c1t'\nduration = '300ms'\n" + checks +
                                         "\n[[cgroup]]\nname = 'a'\nworkers = 1\n" + cgroup)
                    .string(),
                "--scheduler", scheduler});
  }
  void expect_unused(const GuestRun& ran, const std::string& sched_class) {
    EXPECT_EQ(ran.status, 2) << ran.out << ran.err;
    ASSERT_FALSE(ran.json["details"].empty()) << ran.out;
    EXPECT_EQ(ran.json["details"][0]["kind"], "scheduler_not_used");
    EXPECT_EQ(ran.json["cgroups"][0]["sched_class"], sched_class);
  }
};

TEST_F(Unused, SchedulerIsInconclusiveWithRealTimeWorkersAlone) {
  expect_unused(run_one("", "policy = 'fifo:1'", fixture()), "rt");
}

TEST_F(Unused, SchedulerPassesWhereTheTestMeansIt) {
  const GuestRun ran = run_one("[checks]\nscheduler_used = false", "policy = 'fifo:1'", fixture());
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
}

class UnusedQmap : public Unused {
 protected:
  void SetUp() override {
    Unused::SetUp();
    if (!fs::exists(qmap())) skip_or_fail("third_party", qmap() + " is not built; `./dev.sh test` builds it");
  }
  static std::string qmap() { return (fs::path(KTSTR_THIRD_PARTY_DIR) / "scx_qmap").string(); }
};

TEST_F(UnusedQmap, ThatTakesOnlySchedExtTasksIsInconclusiveWithOrdinaryOnes) {
  expect_unused(run_one("", "", qmap() + " -p"), "fair");
}

TEST_F(UnusedQmap, ThatTakesOnlySchedExtTasksIsUsedByThose) {
  const GuestRun ran = run_one("", "policy = 'ext'", qmap() + " -p");
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(ran.json["cgroups"][0]["sched_class"], "ext");
}

}  // namespace
}  // namespace ktstr
