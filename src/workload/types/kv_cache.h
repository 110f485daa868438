// SPDX-License-Identifier: Apache-2.0
//
// A cache of values by key, in memory that is given: shards of 256 KiB, in each of which values lie one after the other
// and the oldest make room for the newest. Keys are 0, 1, 2 ...; how large a key's value is never changes. Who uses a
// shard has its lock.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/splitmix.h"

namespace ktstr {

// Sizes of values and how many of 996 have them: 332 bytes on average.
struct ValueSize {
  std::uint32_t bytes, weight;
};
inline constexpr ValueSize kValueSizes[] = {{64, 450},  {128, 300}, {256, 130}, {512, 70},
                                            {1024, 30}, {4096, 12}, {16384, 3}, {65536, 1}};
inline constexpr std::uint32_t kValueWeights = 996, kMeanValueBytes = 332;

constexpr std::uint32_t value_bytes(std::uint64_t key) {
  auto left = static_cast<std::uint32_t>(pick_up_to(splitmix64(key), kValueWeights - 1));
  for (const ValueSize& size : kValueSizes) {
    if (left < size.weight) return size.bytes;
    left -= size.weight;
  }
  return kValueSizes[0].bytes;
}

class KvCache {
 public:
  static constexpr std::size_t kShardBytes = std::size_t{256} << 10;

  struct Plan {
    std::size_t shards, keys;
    // So many keys that `hit_pct` of all have their values there once it is full: 97 % of a shard is in use, since no
    // value lies across its end. Few keys may all be small, so theirs are added up.
    static constexpr Plan of(std::size_t mib, std::uint32_t hit_pct) {
      constexpr std::size_t kFew = 100'000;
      std::size_t left = (mib << 20) * 97 / hit_pct, keys = 0;
      for (; keys < kFew && left >= value_bytes(keys); ++keys) left -= value_bytes(keys);
      return {(mib << 20) / kShardBytes, keys + (keys < kFew ? 0 : left / kMeanValueBytes)};
    }
    constexpr std::size_t bytes() const { return sizeof(Plan) + shards * (kShardBytes + 8) + keys * 8; }
  };

  // Of plan.bytes() of zeros, at an address that is a multiple of 8; as if the last of all keys had been put there one
  // after the other, but for what is in the values.
  static void make(const Plan& plan, std::span<std::byte> memory) {
    std::memcpy(memory.data(), &plan, sizeof plan);
    KvCache cache(memory);
    const std::size_t enough = plan.shards * kShardBytes / kMeanValueBytes * 3 / 2;
    for (std::uint64_t key = plan.keys - std::min(plan.keys, enough); key < plan.keys; ++key) cache.make_room(key);
  }
  // Of memory in which one was made.
  explicit KvCache(std::span<std::byte> memory) {
    std::memcpy(&plan_, memory.data(), sizeof plan_);
    heads_ = reinterpret_cast<std::uint64_t*>(memory.data() + sizeof plan_);
    places_ = heads_ + plan_.shards;
    values_ = reinterpret_cast<std::byte*>(places_ + plan_.keys);
  }

  const Plan& plan() const { return plan_; }
  std::size_t shard_of(std::uint64_t key) const { return key % plan_.shards; }
  bool has(std::uint64_t key) const {
    const std::uint64_t place = places_[key];
    return place != 0 && heads_[shard_of(key)] - (place - 1) <= kShardBytes;
  }
  // Reads all of the value, which is there.
  std::uint64_t read(std::uint64_t key) const {
    std::uint64_t sum = 0, word = 0;
    const std::byte* at = value(key);
    for (std::uint32_t i = 0; i < value_bytes(key); i += sizeof word) {
      std::memcpy(&word, at + i, sizeof word);
      sum += word;
    }
    return sum;
  }
  void put(std::uint64_t key) {
    make_room(key);
    std::memset(value(key), static_cast<int>(key % 251), value_bytes(key));
  }

 private:
  std::byte* value(std::uint64_t key) const {
    return values_ + shard_of(key) * kShardBytes + (places_[key] - 1) % kShardBytes;
  }
  void make_room(std::uint64_t key) {
    std::uint64_t& head = heads_[shard_of(key)];
    const std::uint32_t bytes = value_bytes(key);
    const std::uint64_t left = kShardBytes - head % kShardBytes;
    if (bytes > left) head += left;
    places_[key] = head + 1;
    head += bytes;
  }

  Plan plan_{};
  std::uint64_t* heads_ = nullptr;   // of each shard: how much ever went in there
  std::uint64_t* places_ = nullptr;  // of each key: where in that, plus one
  std::byte* values_ = nullptr;
};

}  // namespace ktstr
