// SPDX-License-Identifier: Apache-2.0
//
// How often each latency occurred: 32 buckets between a power of two and the next, those below 32 ns exact. A bucket
// stands for its middle, which is at most 1.6 % off. Histograms can be added up, and percentiles taken of the sum.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ktstr {

struct LatencyBucket {
  std::uint64_t from_ns = 0;  // the least that it holds
  std::uint64_t count = 0;
  bool operator==(const LatencyBucket&) const = default;

  static constexpr unsigned kBits = 5;  // of the place between two powers of two
  static constexpr std::size_t kInAll = 1024;
  static constexpr std::uint64_t kLimitNs = std::uint64_t{1} << 36;  // 69 s; what is longer is in the last bucket

  static constexpr std::size_t index_of(std::uint64_t ns) {
    if (ns >= kLimitNs) return kInAll - 1;
    if (ns < (1U << kBits)) return ns;
    const auto shift = static_cast<unsigned>(std::bit_width(ns)) - 1 - kBits;
    return (std::size_t{shift} << kBits) + (ns >> shift);
  }
  static constexpr std::uint64_t from_of(std::size_t index) {
    if (index < (1U << kBits)) return index;
    return (std::uint64_t{1} << kBits | (index & ((1U << kBits) - 1))) << ((index >> kBits) - 1);
  }
  static constexpr std::uint64_t middle_of(std::size_t index) {
    return from_of(index) + (from_of(index + 1) - from_of(index) - 1) / 2;
  }
};

struct LatencyHistogram {
  std::vector<LatencyBucket> buckets;  // rising, none without a count

  void add(std::uint64_t ns, std::uint64_t count = 1);
  void add(const LatencyHistogram& other);
  std::uint64_t count() const;
  // The least latency that at least `share` (above 0 to 1) of all do not exceed, by nearest rank; 0 where there are
  // none.
  std::uint64_t percentile_ns(double share) const;
  // Whether it is one: from another machine it may be anything.
  bool valid() const;
  bool operator==(const LatencyHistogram&) const = default;
};

}  // namespace ktstr
