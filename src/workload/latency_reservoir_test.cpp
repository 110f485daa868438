// SPDX-License-Identifier: Apache-2.0
#include "workload/latency_reservoir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

namespace ktstr {
namespace {

TEST(LatencyReservoir, KeepsEverythingWhileThereIsRoom) {
  const auto reservoir = std::make_unique<LatencyReservoir>();
  for (std::uint64_t i = 0; i < LatencyReservoir::kCapacity; ++i) reservoir->add(i * 10);
  const auto samples = reservoir->samples();
  ASSERT_EQ(samples.size(), LatencyReservoir::kCapacity);
  for (std::size_t i = 0; i < samples.size(); ++i) ASSERT_EQ(samples[i], i * 10);
}

TEST(LatencyReservoir, KeepsEveryKthWithKDoublingWhenItIsFull) {
  for (const std::uint64_t total : {4097u, 8192u, 8193u, 40000u, 100001u}) {
    const auto reservoir = std::make_unique<LatencyReservoir>();
    for (std::uint64_t i = 0; i < total; ++i) reservoir->add(i);
    const auto samples = reservoir->samples();
    EXPECT_EQ(reservoir->count(), total);
    ASSERT_GE(samples.size(), 2u);
    const std::uint64_t stride = samples[1] - samples[0];
    EXPECT_EQ(stride & (stride - 1), 0u) << "a power of two";
    for (std::size_t i = 0; i < samples.size(); ++i) ASSERT_EQ(samples[i], i * stride) << total;
    EXPECT_EQ(samples.size(), (total + stride - 1) / stride) << total;
    EXPECT_GT(samples.size(), LatencyReservoir::kCapacity / 2) << "no more is dropped than need be";
  }
}

TEST(LatencyReservoir, KnowsTheLongestEvenWhenItWasThinnedOut) {
  const auto reservoir = std::make_unique<LatencyReservoir>();
  for (std::uint64_t i = 0; i < 3 * LatencyReservoir::kCapacity; ++i) reservoir->add(i == 4097 ? 1'000'000 : i);
  const auto samples = reservoir->samples();
  EXPECT_EQ(std::count(samples.begin(), samples.end(), 1'000'000u), 0);
  EXPECT_EQ(reservoir->max_ns(), 1'000'000u);
}

}  // namespace
}  // namespace ktstr
