// SPDX-License-Identifier: Apache-2.0
#include "workload/types/arrivals.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/splitmix.h"

namespace ktstr {
namespace {

// Evenly spread, each once.
std::vector<double> evenly(int count) {
  std::vector<double> all;
  for (int i = 0; i < count; ++i) all.push_back((i + 0.5) / count);
  return all;
}

TEST(ArrivalInterval, HasTheMeanThatIsAskedFor) {
  for (const Arrivals arrivals : {Arrivals::kFixed, Arrivals::kPoisson, Arrivals::kPareto}) {
    double sum = 0;
    for (const double drawn : evenly(1'000'000)) sum += arrival_interval(arrivals, 1000, drawn);
    EXPECT_NEAR(sum / 1e6, 1000, 5) << static_cast<int>(arrivals);
  }
  EXPECT_EQ(arrival_interval(Arrivals::kFixed, 1000, 0.7), 1000);
}

TEST(ArrivalInterval, IsNeverWithoutEnd) {
  const double last = 1 - 0x1p-53;
  EXPECT_LT(arrival_interval(Arrivals::kPoisson, 1000, last), 40'000);
  EXPECT_EQ(arrival_interval(Arrivals::kPareto, 1000, last), 100'000);
  EXPECT_EQ(arrival_interval(Arrivals::kPoisson, 1000, 0), 0);
  EXPECT_EQ(arrival_interval(Arrivals::kPareto, 1000, 0), 347);
}

TEST(ArrivalTimes, CountFromTheBeginAndNeverGoBack) {
  ArrivalTimes fixed(Arrivals::kFixed, 1000, 5'000'000);
  EXPECT_EQ(fixed.next(0.1), 6'000'000u);
  EXPECT_EQ(fixed.next(0.9), 7'000'000u);
  ArrivalTimes poisson(Arrivals::kPoisson, 1'000'000, 7);
  EXPECT_EQ(poisson.next(0), 7u);
  EXPECT_EQ(poisson.next(0), 7u) << "two at once";
}

TEST(ArrivalTimes, AreOnAndOffByTurns) {
  ArrivalTimes times(Arrivals::kOnOff, 10'000, 0);
  std::uint64_t random = 1, count = 0;
  for (std::uint64_t at = 0; at < 1'000'000'000; ++count) {
    random = splitmix64(random);
    at = times.next(static_cast<double>(random >> 11) / 0x1p53);
    EXPECT_LT(at % 40'000'000, 20'000'000u);
  }
  EXPECT_NEAR(static_cast<double>(count), 10'000, 300);
}

TEST(ParetoTail, IsAboveItsP99OnceInAHundred) {
  int above = 0;
  for (const double drawn : evenly(100'000)) {
    const std::uint64_t time = pareto_tail(100'000, 2'000'000, drawn);
    EXPECT_GE(time, 99'999u);
    EXPECT_LE(time, 20'000'000u);
    above += time > 2'000'000 ? 1 : 0;
  }
  EXPECT_NEAR(above, 1000, 1);
}

}  // namespace
}  // namespace ktstr
