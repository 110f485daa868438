// SPDX-License-Identifier: Apache-2.0
#include "results/wilson_interval.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

struct Known {
  std::uint64_t hits, trials;
  double low, high;
};

// R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998),
// 857-872, table I, method 3.
constexpr Known kKnown[] = {
    {81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}};

TEST(WilsonInterval, IsTheKnownOne) {
  for (const Known& known : kKnown) {
    const Interval interval = wilson_interval(known.hits, known.trials);
    EXPECT_NEAR(interval.low, known.low, 5e-5) << known.hits << " of " << known.trials;
    EXPECT_NEAR(interval.high, known.high, 5e-5) << known.hits << " of " << known.trials;
  }
}

TEST(WilsonInterval, OfNothingIsEverything) {
  EXPECT_EQ(wilson_interval(0, 0).low, 0);
  EXPECT_EQ(wilson_interval(0, 0).high, 1);
}

TEST(WilsonInterval, NarrowsWithTrialsAndHoldsTheRate) {
  double width = 1;
  for (const std::uint64_t trials : {10U, 100U, 1000U, 10000U}) {
    const Interval interval = wilson_interval(trials / 10, trials);
    EXPECT_LT(interval.low, 0.1);
    EXPECT_GT(interval.high, 0.1);
    EXPECT_LT(interval.high - interval.low, width);
    width = interval.high - interval.low;
  }
}

}  // namespace
}  // namespace ktstr
