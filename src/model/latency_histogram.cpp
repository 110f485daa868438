// SPDX-License-Identifier: Apache-2.0
#include "ktstr/latency_histogram.h"

#include <algorithm>
#include <cmath>

namespace ktstr {

void LatencyHistogram::add(std::uint64_t ns, std::uint64_t count) {
  const std::uint64_t from = LatencyBucket::from_of(LatencyBucket::index_of(ns));
  const auto at = std::lower_bound(buckets.begin(), buckets.end(), from,
                                   [](const LatencyBucket& bucket, std::uint64_t ns_) { return bucket.from_ns < ns_; });
  if (at != buckets.end() && at->from_ns == from)
    at->count += count;
  else if (count > 0)
    buckets.insert(at, {from, count});
}

void LatencyHistogram::add(const LatencyHistogram& other) {
  for (const LatencyBucket& bucket : other.buckets) add(bucket.from_ns, bucket.count);
}

std::uint64_t LatencyHistogram::count() const {
  std::uint64_t all = 0;
  for (const LatencyBucket& bucket : buckets) all += bucket.count;
  return all;
}

std::uint64_t LatencyHistogram::percentile_ns(double share) const {
  // Products of fractions miss the exact rank by rounding; nothing but ties is decided by this much.
  const double wanted = share * static_cast<double>(count()) * (1 - 1e-9);
  std::uint64_t seen = 0;
  for (const LatencyBucket& bucket : buckets) {
    seen += bucket.count;
    if (static_cast<double>(seen) >= wanted) return LatencyBucket::middle_of(LatencyBucket::index_of(bucket.from_ns));
  }
  return 0;
}

bool LatencyHistogram::valid() const {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const LatencyBucket& bucket = buckets[i];
    if (i > 0 && bucket.from_ns <= buckets[i - 1].from_ns) return false;
    if (bucket.from_ns >= LatencyBucket::kLimitNs) return false;
    if (LatencyBucket::from_of(LatencyBucket::index_of(bucket.from_ns)) != bucket.from_ns) return false;
    if (bucket.count == 0 || bucket.count > UINT64_MAX / 2 - all) return false;
    all += bucket.count;
  }
  return true;
}

}  // namespace ktstr
