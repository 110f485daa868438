// SPDX-License-Identifier: Apache-2.0
#include "assert/entitlement.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>

namespace ktstr {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

auto about(double value) { return DoubleNear(value, 1e-6); }

double sum(const std::vector<double>& parts) { return std::accumulate(parts.begin(), parts.end(), 0.0); }

TEST(WeightOfNice, IsThatOfTheKernelWithinRounding) {
  EXPECT_DOUBLE_EQ(weight_of_nice(0), 100);
  // sched_prio_to_weight: 88761, 3121, 335 and 15 for a 1024 of nice 0.
  EXPECT_NEAR(weight_of_nice(-20), 100 * 88761 / 1024.0, 20);
  EXPECT_NEAR(weight_of_nice(-5), 100 * 3121 / 1024.0, 1);
  EXPECT_NEAR(weight_of_nice(5), 100 * 335 / 1024.0, 0.1);
  EXPECT_NEAR(weight_of_nice(19), 100 * 15 / 1024.0, 0.1);
}

TEST(EntitledCpus, AreInProportionToWeights) {
  EXPECT_THAT(entitled_cpus({{"a", 100, {0, 0}}, {"b", 300, {0, 0}}}, 1), ElementsAre(about(0.25), about(0.75)));
}

TEST(EntitledCpus, AreNoMoreThanACgroupHasWorkers) {
  EXPECT_THAT(entitled_cpus({{"a", 100, {0, 0, 0}}, {"b", 300, {0}}}, 2), ElementsAre(about(1), about(1)));
  EXPECT_THAT(entitled_cpus({{"a", 100, {0, 0, 0}}, {"b", 300, {0}}, {"c", 100, {0, 0, 0}}}, 4),
              ElementsAre(about(1.5), about(1), about(1.5)));
}

TEST(EntitledCpus, GoByTheHierarchy) {
  EXPECT_THAT(entitled_cpus({{"a", 100, {}}, {"a/x", 100, {0, 0}}, {"a/y", 300, {0, 0, 0, 0}}, {"b", 100, {0, 0}}}, 1),
              ElementsAre(about(0), about(0.125), about(0.375), about(0.5)));
}

TEST(EntitledCpus, OfCgroupsBeforeTheirParentsInTheListAreTheSame) {
  EXPECT_THAT(entitled_cpus({{"a/y", 300, {0, 0}}, {"a/x", 100, {0, 0}}, {"b", 100, {0, 0}}, {"a", 100, {}}}, 1),
              ElementsAre(about(0.375), about(0.125), about(0.5), about(0)));
}

TEST(EntitledCpus, GoByNiceWhereNobodyHasTheController) {
  const auto parts = entitled_cpus({{"a", {}, {0, 0}}, {"b", {}, {5, 5}}}, 1);
  EXPECT_NEAR(parts[0] / parts[1], 1024.0 / 335, 0.02);
  // Workers count, not cgroups.
  EXPECT_THAT(entitled_cpus({{"a", {}, {0}}, {"b", {}, {0, 0, 0}}}, 1), ElementsAre(about(0.25), about(0.75)));
}

// The kernel's rule: without cpu in cgroup.subtree_control of a, all below are tasks of a.
TEST(EntitledCpus, CountWorkersForTheNextCgroupAboveThatHasTheController) {
  EXPECT_THAT(entitled_cpus({{"a", 100, {}}, {"a/x", {}, {0}}, {"a/y", {}, {0, 0, 0}}, {"b", 100, {0}}}, 1),
              ElementsAre(about(0), about(0.125), about(0.375), about(0.5)));
}

TEST(EntitledCpus, OfNiceAreDecidedInsideTheCgroupAlone) {
  EXPECT_THAT(entitled_cpus({{"a", 100, {19, 19}}, {"b", 100, {-20, -20}}}, 1), ElementsAre(about(0.5), about(0.5)));
}

std::vector<Claim> some_claims() {
  return *rc::gen::nonEmpty(rc::gen::container<std::vector<Claim>>(rc::gen::map(
      rc::gen::pair(rc::gen::inRange(1, 10001), rc::gen::inRange(0, 9)), [](const std::pair<int, int>& each) {
        return Claim{double(each.first), double(each.second)};
      })));
}

RC_GTEST_PROP(Divide, GivesAllThatThereIsAndNobodyMoreThanItsLimit, ()) {
  const auto claims = some_claims();
  const double amount = *rc::gen::inRange(1, 65);
  const auto parts = divide(amount, claims);
  double limits = 0;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    RC_ASSERT(parts[i] >= 0 && parts[i] <= claims[i].limit + 1e-9);
    limits += claims[i].limit;
  }
  RC_ASSERT(std::abs(sum(parts) - std::min(amount, limits)) < 1e-6);
}

RC_GTEST_PROP(Divide, TreatsAllBelowTheirLimitsByTheirWeights, ()) {
  const auto claims = some_claims();
  const auto parts = divide(*rc::gen::inRange(1, 65), claims);
  double level = 0;
  for (std::size_t i = 0; i < claims.size(); ++i) level = std::max(level, parts[i] / claims[i].weight);
  for (std::size_t i = 0; i < claims.size(); ++i)
    if (parts[i] < claims[i].limit - 1e-9)
      RC_ASSERT(std::abs(parts[i] / claims[i].weight - level) < 1e-6 * level + 1e-9);
}

}  // namespace
}  // namespace ktstr
