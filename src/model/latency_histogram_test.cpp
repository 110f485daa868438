// SPDX-License-Identifier: Apache-2.0
#include "ktstr/latency_histogram.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ktstr {
namespace {

using Bucket = LatencyBucket;

TEST(LatencyBucket, CoversAllWithoutGaps) {
  for (std::size_t i = 0; i < Bucket::kInAll; ++i) {
    EXPECT_EQ(Bucket::index_of(Bucket::from_of(i)), i);
    EXPECT_EQ(Bucket::index_of(Bucket::from_of(i + 1) - 1), i);
  }
  EXPECT_EQ(Bucket::from_of(Bucket::kInAll), Bucket::kLimitNs);
  EXPECT_EQ(Bucket::index_of(UINT64_MAX), Bucket::kInAll - 1);
}

TEST(LatencyBucket, IsAtMostAsFarOffAsItSays) {
  for (std::uint64_t ns = 1; ns < Bucket::kLimitNs; ns += 1 + ns / 1000) {
    const auto middle = static_cast<double>(Bucket::middle_of(Bucket::index_of(ns)));
    ASSERT_LE(std::abs(middle - static_cast<double>(ns)) / static_cast<double>(ns), 0.016) << ns;
    if (ns < 64) {
      ASSERT_EQ(middle, static_cast<double>(ns));
    }
  }
}

TEST(LatencyHistogram, IsTheSameAddedInAnyOrder) {
  LatencyHistogram up, down, half, other;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    up.add(i * i);
    down.add((999 - i) * (999 - i));
    (i % 3 == 0 ? half : other).add(i * i);
  }
  EXPECT_EQ(up, down);
  half.add(other);
  EXPECT_EQ(half, up);
  EXPECT_EQ(up.count(), 1000u);
  EXPECT_TRUE(up.valid());
}

TEST(LatencyHistogram, GivesPercentilesByNearestRank) {
  LatencyHistogram times;
  EXPECT_EQ(times.percentile_ns(0.5), 0u);
  for (std::uint64_t ns = 1; ns <= 30; ++ns) times.add(ns);
  EXPECT_EQ(times.percentile_ns(0.5), 15u);
  EXPECT_EQ(times.percentile_ns(0.9), 27u) << "exactly the 27th";
  EXPECT_EQ(times.percentile_ns(1), 30u);
  EXPECT_EQ(times.percentile_ns(1e-9), 1u);
}

TEST(LatencyHistogram, KnowsWhatIsNone) {
  const auto valid = [](std::vector<Bucket> buckets) { return LatencyHistogram{std::move(buckets)}.valid(); };
  EXPECT_TRUE(valid({}));
  EXPECT_TRUE(valid({{0, 1}, {66, 2}}));
  EXPECT_FALSE(valid({{66, 2}, {0, 1}})) << "falling";
  EXPECT_FALSE(valid({{66, 2}, {66, 1}})) << "twice";
  EXPECT_FALSE(valid({{67, 2}})) << "not where one begins";
  EXPECT_FALSE(valid({{66, 0}})) << "empty";
  EXPECT_FALSE(valid({{Bucket::kLimitNs, 1}})) << "beyond all";
  EXPECT_FALSE(valid({{1, UINT64_MAX}, {2, 2}})) << "more than can be counted";
}

}  // namespace
}  // namespace ktstr
