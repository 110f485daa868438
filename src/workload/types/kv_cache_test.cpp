// SPDX-License-Identifier: Apache-2.0
#include "workload/types/kv_cache.h"

#include <gtest/gtest.h>

#include <vector>

namespace ktstr {
namespace {

class KvCacheTest : public testing::Test {
 protected:
  static constexpr KvCache::Plan kPlan = KvCache::Plan::of(2, 80);
  KvCacheTest() {
    KvCache::make(kPlan, memory_);
    cache_ = KvCache(memory_);
  }
  static double there_pct(const KvCache& cache) {
    std::size_t there = 0;
    for (std::uint64_t key = 0; key < cache.plan().keys; ++key) there += cache.has(key) ? 1 : 0;
    return 100.0 * static_cast<double>(there) / static_cast<double>(cache.plan().keys);
  }
  std::vector<std::byte> memory_ = std::vector<std::byte>(kPlan.bytes());
  KvCache cache_{memory_};
};

TEST_F(KvCacheTest, HasValuesOf332BytesOnAverage) {
  std::uint64_t sum = 0;
  for (std::uint64_t key = 0; key < 1'000'000; ++key) sum += value_bytes(key);
  EXPECT_NEAR(static_cast<double>(sum) / 1e6, kMeanValueBytes, 7);
}

TEST_F(KvCacheTest, ReadsWhatWasPutThere) {
  cache_.put(7);
  ASSERT_TRUE(cache_.has(7));
  EXPECT_EQ(cache_.read(7), 0x0707070707070707ull * (value_bytes(7) / 8));
  cache_.put(7 + kPlan.shards);
  EXPECT_EQ(cache_.read(7), 0x0707070707070707ull * (value_bytes(7) / 8)) << "beside it in one shard";
}

// A key's value is there for long, and then others have taken its place.
TEST_F(KvCacheTest, EvictsTheOldest) {
  std::uint64_t in_shard = 0, key = 0;
  for (cache_.put(0); cache_.has(0); cache_.put(key)) {
    key += kPlan.shards;
    in_shard += value_bytes(key);
  }
  EXPECT_GT(in_shard, KvCache::kShardBytes * 8 / 10);
  EXPECT_LE(in_shard, KvCache::kShardBytes + 65536);
  EXPECT_TRUE(cache_.has(key)) << "the newest";
  EXPECT_TRUE(cache_.has(key / kPlan.shards / 2 * kPlan.shards)) << "one that is half as old";
}

TEST_F(KvCacheTest, HasTheShareOfKeysThatIsAskedForWhenFullAndStaysThere) {
  EXPECT_NEAR(there_pct(cache_), 80, 4);
  std::uint64_t random = 3, hits = 0;
  for (int i = 0; i < 200'000; ++i) {
    random = splitmix64(random);
    const std::uint64_t key = random % kPlan.keys;
    if (cache_.has(key))
      ++hits;
    else
      cache_.put(key);
  }
  EXPECT_NEAR(static_cast<double>(hits) / 2000, 80, 4);
}

// Of a few keys all may be small.
TEST(KvCache, HasThatShareOfFewKeysToo) {
  for (const std::uint32_t pct : {10u, 50u, 90u, 99u}) {
    const auto plan = KvCache::Plan::of(1, pct);
    std::vector<std::byte> memory(plan.bytes());
    KvCache::make(plan, memory);
    const KvCache cache(memory);
    std::uint32_t there = 0;
    for (std::uint64_t key = 0; key < plan.keys; ++key) there += cache.has(key) ? 1 : 0;
    EXPECT_NEAR(100.0 * there / static_cast<double>(plan.keys), pct, 12);
    EXPECT_LT(there, plan.keys);
  }
}

TEST_F(KvCacheTest, HasMoreKeysWhereFewerAreToHit) {
  const auto few = KvCache::Plan::of(8, 99), many = KvCache::Plan::of(8, 1);
  EXPECT_EQ(few.shards, 32u);
  EXPECT_NEAR(static_cast<double>(many.keys) / static_cast<double>(few.keys), 99, 10);
  EXPECT_LT(few.bytes(), (std::size_t{8} << 20) * 103 / 100);
}

}  // namespace
}  // namespace ktstr
