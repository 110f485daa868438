// SPDX-License-Identifier: Apache-2.0
//
// More workers than CPUs: nobody is to be blamed for what the scenario makes them wait, nor for the harness's own work.
#include <gmock/gmock.h>

#include "guests.h"

namespace ktstr {
namespace {

class Crowd : public GuestTest {};

// The start and the end of so many must not keep CPUs from everybody else for as long as a watchdog has patience. The
// fixture's own of 2 s is too short here: to end takes each of them 20 ms, and 100 on a CPU wait for each other.
TEST_F(Crowd, OfHundredWorkersToACpuIsNobodysFault) {
  const fs::path scenario = write("crowd.toml", R"(
topology = "1n1l4c1t"
duration = "300ms"
[[cgroup]]
name = "many"
workers = 400
)");
  const GuestRun ran = run({scenario.string(), "--scheduler", fixture("--watchdog-ms 5000")});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
}

TEST_F(Crowd, LetsWorkersOfLittleWeightWait) {
  const fs::path scenario = write("crowd.toml", R"(
topology = "1n1l1c1t"
duration = "500ms"
[[cgroup]]
name = "first"
workers = 1
[[cgroup]]
name = "nice"
workers = 1
nice = 19
[[cgroup]]
name = "idle"
workers = 2
policy = "idle"
)");
  for (const std::string& scheduler : {std::string(), fixture()}) {
    const GuestRun ran = run({scenario.string(), "--scheduler", scheduler});
    EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  }
}

// Four busy workers on three CPUs: one that never gets a CPU is still seen, and so is one that is left behind for long.
TEST_F(Crowd, DoesNotHideAStarvedWorker) {
  const GuestRun ran = run({write("crowd.toml", R"(
topology = "1n1l3c1t"
duration = "1500ms"
[[cgroup]]
name = "busy"
workers = 3
[[cgroup]]
name = "victim"
workers = 1
)")
                                .string(),
                            "--scheduler", fixture("--starve victim/0 --watchdog-ms 30000")});
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.failures(), testing::Not(testing::IsEmpty())) << ran.out;
}

}  // namespace
}  // namespace ktstr
