// SPDX-License-Identifier: Apache-2.0
#include "workload/latency_counts.h"

namespace ktstr {

LatencyHistogram LatencyCounts::histogram() const {
  LatencyHistogram histogram;
  for (std::size_t i = 0; i < buckets_.size(); ++i)
    if (const std::uint32_t count = buckets_[i].load(kRelaxed); count > 0)
      histogram.buckets.push_back({LatencyBucket::from_of(i), count});
  return histogram;
}

}  // namespace ktstr
