// SPDX-License-Identifier: Apache-2.0
#include "scenario/crowding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ktstr {
namespace {

using testing::ElementsAre;

const CpuSet kAll{0, 1, 2, 3};

TEST(Crowding, IsOneWhereEachTaskCanHaveACpuOfItsOwn) {
  EXPECT_THAT(crowding({{.cgroup = "a", .cpus = kAll, .tasks = 4}}), ElementsAre(1));
  EXPECT_THAT(crowding({{.cgroup = "a", .cpus = {0, 1}, .tasks = 2}, {.cgroup = "b", .cpus = {2, 3}, .tasks = 2}}),
              ElementsAre(1, 1));
  EXPECT_THAT(crowding({{.cgroup = "a", .cpus = kAll}}), ElementsAre(1));
}

TEST(Crowding, CountsAllWhoMayRunThere) {
  EXPECT_THAT(crowding({{.cgroup = "a", .cpus = kAll, .tasks = 400}}), ElementsAre(100));
  EXPECT_THAT(crowding({{.cgroup = "a", .cpus = {0}, .tasks = 2}, {.cgroup = "b", .cpus = kAll, .tasks = 4}}),
              ElementsAre(6, 2));
}

// Three of a beside a single task of b: half of the CPU for the three, where the cgroups have weights.
TEST(Crowding, AllowsForGroupsThatGetEqualShares) {
  EXPECT_THAT(crowding({{.cgroup = "a", .cpus = {0}, .tasks = 3}, {.cgroup = "b", .cpus = {0}, .tasks = 1}}),
              ElementsAre(6, 4));
}

TEST(Crowding, AllowsForWeightsNiceValuesAndPinning) {
  EXPECT_THAT(crowding({{.cgroup = "a", .cpus = {0}, .tasks = 1, .weight = 10},
                        {.cgroup = "b", .cpus = {0}, .tasks = 1, .heaviest = 1000}}),
              ElementsAre(200, 20));
  EXPECT_THAT(crowding({{.cgroup = "a", .cpus = {0}, .tasks = 2, .outweighed = 5}}), ElementsAre(10));
  EXPECT_THAT(crowding({{.cgroup = "a", .cpus = kAll, .tasks = 4, .fewest_cpus = 1}}), ElementsAre(4));
  EXPECT_DOUBLE_EQ(nice_ratio(0, 0), 1);
  EXPECT_NEAR(nice_ratio(19, 0), 1024.0 / 15, 1.5);
  EXPECT_DOUBLE_EQ(nice_ratio(-5, 0), 1);
}

}  // namespace
}  // namespace ktstr
