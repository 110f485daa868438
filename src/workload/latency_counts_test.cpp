// SPDX-License-Identifier: Apache-2.0
#include "workload/latency_counts.h"

#include <gtest/gtest.h>

#include <memory>

namespace ktstr {
namespace {

TEST(LatencyCounts, AreTheHistogramOfWhatWasAdded) {
  const auto counts = std::make_unique<LatencyCounts>();
  EXPECT_TRUE(counts->histogram().buckets.empty());
  LatencyHistogram expected;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    counts->add(i * 37);
    expected.add(i * 37);
  }
  counts->add(UINT64_MAX);
  expected.add(UINT64_MAX);
  EXPECT_EQ(counts->histogram(), expected);
  EXPECT_EQ(counts->count(), 100'001u);
  EXPECT_EQ(counts->max_ns(), UINT64_MAX) << "exact, though beyond the last bucket";
}

}  // namespace
}  // namespace ktstr
