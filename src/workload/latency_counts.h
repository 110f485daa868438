// SPDX-License-Identifier: Apache-2.0
//
// A LatencyHistogram that one writer fills in shared memory. A reader that comes while it is written sees what was
// added until then.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "ktstr/latency_histogram.h"

namespace ktstr {

class alignas(64) LatencyCounts {
 public:
  void add(std::uint64_t ns) {
    std::atomic<std::uint32_t>& bucket = buckets_[LatencyBucket::index_of(ns)];
    bucket.store(bucket.load(kRelaxed) + 1, kRelaxed);
    count_.store(count_.load(kRelaxed) + 1, kRelaxed);
    if (ns > max_ns_.load(kRelaxed)) max_ns_.store(ns, kRelaxed);
  }
  std::uint64_t count() const { return count_.load(kRelaxed); }
  std::uint64_t max_ns() const { return max_ns_.load(kRelaxed); }  // exact
  LatencyHistogram histogram() const;

 private:
  static constexpr auto kRelaxed = std::memory_order_relaxed;

  std::atomic<std::uint64_t> count_{0}, max_ns_{0};
  std::array<std::atomic<std::uint32_t>, LatencyBucket::kInAll> buckets_{};
};

// What a worker measures beyond what is in its slot (worker_slot.h): as many as its work type has, one after the
// other.
struct WorkMeasures {
  LatencyCounts* latencies = nullptr;
  std::atomic<std::uint64_t>* counts = nullptr;
};

}  // namespace ktstr
