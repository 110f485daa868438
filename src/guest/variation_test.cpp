// SPDX-License-Identifier: Apache-2.0
#include "guest/variation.h"

#include <gtest/gtest.h>

#include <set>

namespace ktstr::guest {
namespace {

using namespace std::chrono_literals;

TEST(VariedQuantum, StaysWithinAFifthOfWhatWasAskedForAndComesNearBothEnds) {
  std::set<std::chrono::nanoseconds> seen;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) seen.insert(varied_quantum(50us, seed));
  EXPECT_GE(*seen.begin(), 40us);
  EXPECT_LT(*seen.begin(), 41us);
  EXPECT_LE(*seen.rbegin(), 60us);
  EXPECT_GT(*seen.rbegin(), 59us);
  EXPECT_GT(seen.size(), 900u);
}

TEST(VariedQuantum, IsTheSameForTheSameSeed) { EXPECT_EQ(varied_quantum(50us, 7), varied_quantum(50us, 7)); }

TEST(VariedQuantum, LeavesAQuantumThatHasNoFifthAsItIs) {
  EXPECT_EQ(varied_quantum(4ns, 1), 4ns);
  EXPECT_EQ(varied_quantum(0ns, 1), 0ns);
}

TEST(StartOffset, IsUpToFourMilliseconds) {
  std::set<std::chrono::nanoseconds> seen;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) seen.insert(start_offset(seed));
  EXPECT_GE(*seen.begin(), 0ns);
  EXPECT_LT(*seen.begin(), 50us);
  EXPECT_LE(*seen.rbegin(), 4ms);
  EXPECT_GT(*seen.rbegin(), 3950us);
  EXPECT_EQ(start_offset(3), start_offset(3));
}

}  // namespace
}  // namespace ktstr::guest
