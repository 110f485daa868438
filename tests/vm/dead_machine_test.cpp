// SPDX-License-Identifier: Apache-2.0
//
// Machines on which nothing runs any more, and what only looks like one: a scheduler that stops dispatching, with a
// watchdog that comes too late, and scenarios that freeze, stop or kill their workers themselves.
#include <gmock/gmock.h>

#include "guests.h"

namespace ktstr {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kPatient =
    "topology = '1n1l2c1t'\nduration = '1s'\nchecks.max_gap = '5s'\n[[cgroup]]\nname = 'cg_0'\nworkers = 2\n";
constexpr const char* kTopology = "1n1l2c1t";

class DeadMachine : public GuestTest {
 protected:
  GuestRun run_on(const std::string& scenario, const std::string& scheduler,
                  const std::vector<std::string>& further = {}) {
    std::vector<std::string> arguments{scenario, "--topology", kTopology};
    if (!scheduler.empty()) arguments.insert(arguments.end(), {"--scheduler", scheduler});
    arguments.insert(arguments.end(), further.begin(), further.end());
    return run(std::move(arguments));
  }
  // Of the failing details of this kind, one a line.
  static std::string messages_of(const GuestRun& ran, const std::string& kind) {
    std::string text;
    for (const auto& detail : ran.json["details"])
      if (detail["verdict"] == "fail" && detail["kind"] == kind) text += detail["message"].get<std::string>() + "\n";
    return text;
  }
};

TEST_F(DeadMachine, FailsWhateverTheLimitOnGapsIs) {
  const fs::path scenario = write("patient.toml", kPatient);
  const GuestRun dead = run_on(scenario, fixture("--stall-after 600 --watchdog-ms 30000"));
  ASSERT_EQ(dead.status, 1) << dead.out << dead.err;
  const std::string stuck = messages_of(dead, "stuck");
  EXPECT_THAT(stuck, HasSubstr("2 workers of cg_0 neither stopped nor ended after SIGKILL: worker 0"));
  EXPECT_THAT(stuck, HasSubstr("cannot remove cg_0: after 2000 ms it still has the processes"));
  EXPECT_THAT(stuck, HasSubstr("(cg_0/0, state R)"));
  // The table counts to the cut: nearly all of what came after the stall.
  const auto& cgroup = dead.json["cgroups"][0];
  EXPECT_GT(cgroup["avg_off_cpu_pct"], 50.0);
  EXPECT_GT(cgroup["max_gap_ns"], 2'000'000'000u);
  EXPECT_GT(cgroup["run_delay_ns"], 4'000'000'000u);
  const GuestRun healthy = run_on(scenario, fixture());
  EXPECT_EQ(healthy.status, 0) << healthy.out << healthy.err;
}

TEST_F(DeadMachine, FailsAfterAFreeze) {
  const GuestRun dead = run_on(":freeze_thaw", fixture("--stall-after 900 --watchdog-ms 30000"));
  ASSERT_EQ(dead.status, 1) << dead.out << dead.err;
  EXPECT_THAT(dead.failures(), Contains("stuck"));
}

TEST_F(DeadMachine, IsNotOneWhoseScenarioFreezesItsWorkers) {
  for (const std::string& scheduler : {std::string(), fixture()}) {
    const GuestRun healthy = run_on(":freeze_thaw", scheduler);
    EXPECT_EQ(healthy.status, 0) << healthy.out << healthy.err;
    EXPECT_THAT(healthy.out, HasSubstr("without the time in which the scenario held them"));
  }
}

TEST_F(DeadMachine, IsNotOneWhoseScenarioStopsItsWorkersBySignals) {
  for (const std::string& scheduler : {std::string(), fixture()}) {
    const GuestRun healthy = run_on(":signal_storm", scheduler);
    EXPECT_EQ(healthy.status, 0) << healthy.out << healthy.err;
  }
}

// Linux 6.18 kills what is cloned into a cgroup that was killed once.
TEST_F(DeadMachine, IsNotOneWhoseScenarioKillsItsWorkers) {
  for (const std::string kernel : {"6.18", "7.3"}) {
    need_kernel(kernel);
    if (IsSkipped() || HasFatalFailure()) return;
    const GuestRun healthy = run_on(":cgroup_kill", "", {"--kernel", kernel});
    EXPECT_EQ(healthy.status, 0) << healthy.out << healthy.err;
    EXPECT_THAT(healthy.failures(), Not(Contains("worker_died")));
  }
}

}  // namespace
}  // namespace ktstr
