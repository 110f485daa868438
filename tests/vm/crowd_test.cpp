// SPDX-License-Identifier: Apache-2.0
//
// More workers than CPUs: nobody is to be blamed for what the scenario makes them wait, nor for the harness's own work.
#include <gmock/gmock.h>

#include "guests.h"

namespace ktstr {
namespace {

class Crowd : public GuestTest, public ::testing::WithParamInterface<bool> {
 protected:
  GuestRun run_crowd(std::string_view scenario) {
    std::vector<std::string> arguments{write("crowd.toml", scenario).string()};
    if (GetParam()) arguments.insert(arguments.end(), {"--scheduler", fixture()});
    return run(arguments);
  }
};

// The start and the end of so many must not keep a CPU from the scheduler's watchdog, of 2 s.
TEST_P(Crowd, OfHundredWorkersToACpuIsNobodysFault) {
  const GuestRun ran = run_crowd(R"(
topology = "1n1l4c1t"
duration = "300ms"
[[cgroup]]
name = "many"
workers = 400
)");
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
}

TEST_P(Crowd, LetsWorkersOfLittleWeightWait) {
  const GuestRun ran = run_crowd(R"(
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
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
}

INSTANTIATE_TEST_SUITE_P(Under, Crowd, ::testing::Bool(),
                         [](const auto& each) { return std::string(each.param ? "TheFixture" : "TheKernelsOwn"); });

// Four busy workers on three CPUs: one that never gets a CPU is still seen, and so is one that is left behind for long.
class Starved : public GuestTest {};

TEST_F(Starved, WorkerOfACrowdIsFound) {
  const GuestRun ran = run({write("crowd.toml", R"(
topology = "1n1l3c1t"
duration = "1500ms"
[[cgroup]]
name = "busy"
workers = 3
[[cgroup]]
name = "victim"
workers = 1
)").string(),
                            "--scheduler", fixture("--starve victim/0 --watchdog-ms 30000")});
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.failures(), testing::Not(testing::IsEmpty())) << ran.out;
}

}  // namespace
}  // namespace ktstr
