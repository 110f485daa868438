// SPDX-License-Identifier: Apache-2.0
//
// Bad schedulers: a run must fail, with the kind and the words of the true cause.
#include <gmock/gmock.h>

#include <algorithm>

#include "guests.h"

namespace ktstr {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class Faults : public GuestTest {
 protected:
  GuestRun run_bad(const std::string& switches) {
    GuestRun ran = run({example("two_cgroups.toml"), "--scheduler", fixture(switches), "--topology", "1n2l2c1t"});
    EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
    EXPECT_EQ(ran.json["verdict"], "fail");
    return ran;
  }
};

TEST_F(Faults, AStallIsReportedAsTheWatchdogsDoing) {
  const GuestRun ran = run_bad("--stall-after 500");
  EXPECT_EQ(ran.failures().at(0), "scheduler_stalled");
  EXPECT_THAT(ran.first_message(), HasSubstr("runnable task stall"));
  EXPECT_THAT(ran.first_message(), HasSubstr("it waited in DSQ 0x"));
  const auto failures = ran.failures();
  const auto of_scheduler = [](const std::string& kind) { return kind.starts_with("scheduler_"); };
  EXPECT_EQ(std::count_if(failures.begin(), failures.end(), of_scheduler), 1) << "one stall, one finding";
}

TEST_F(Faults, ACrashCarriesTheBpfSchedulersText) {
  const GuestRun ran = run_bad("--crash-after 500");
  EXPECT_EQ(ran.failures().at(0), "scheduler_crashed");
  EXPECT_THAT(ran.first_message(), HasSubstr("ktstr fixture: crash requested after 500 ms"));
}

TEST_F(Faults, ASchedulerThatLeavesIsNotAPass) {
  const GuestRun ran = run_bad("--exit-after 500");
  EXPECT_EQ(ran.failures().at(0), "scheduler_exited");
  EXPECT_THAT(ran.first_message(), HasSubstr("unregistered from user space"));
}

TEST_F(Faults, AStarvedWorkerIsNamed) {
  const GuestRun ran = run_bad("--starve cg_0");
  EXPECT_THAT(ran.failures(), Contains("stuck"));
  EXPECT_THAT(ran.failures(), ::testing::Not(Contains("scheduler_exited")));
  EXPECT_THAT(ran.first_message(), HasSubstr("cg_0"));
  EXPECT_EQ(ran.json["schedulers"].back()["state_at_end"], "enabled");
}

TEST_F(Faults, TheVerifiersRefusalIsQuoted) {
  const GuestRun ran = run_bad("--fail-verify");
  EXPECT_EQ(ran.failures(), std::vector<std::string>{"scheduler_rejected"});
  EXPECT_THAT(ran.first_message(), HasSubstr("verifier"));
}

}  // namespace
}  // namespace ktstr
