// SPDX-License-Identifier: Apache-2.0
#include "workload/latency_reservoir.h"

#include <algorithm>

namespace ktstr {

void LatencyReservoir::add(std::uint64_t latency_ns) {
  const std::uint64_t number = count_.load(kRelaxed);
  count_.store(number + 1, kRelaxed);
  if (latency_ns > max_ns_.load(kRelaxed)) max_ns_.store(latency_ns, kRelaxed);
  std::uint64_t stride = stride_.load(kRelaxed);
  if (number % stride != 0) return;
  std::uint64_t kept = kept_.load(kRelaxed);
  if (kept == kCapacity) {
    // What is kept are the numbers 0, k, 2k, ...; every other one of them leaves 0, 2k, 4k, ..., and `number`, which is
    // kCapacity * k, is the next of these.
    kept = kCapacity / 2;
    kept_.store(kept, kRelaxed);
    stride_.store(stride * 2, kRelaxed);
    for (std::size_t i = 0; i < kept; ++i) samples_[i].store(samples_[2 * i].load(kRelaxed), kRelaxed);
  }
  samples_[kept].store(latency_ns, kRelaxed);
  kept_.store(kept + 1, kRelaxed);
}

std::vector<std::uint64_t> LatencyReservoir::samples() const {
  std::vector<std::uint64_t> copy(std::min<std::size_t>(kept_.load(kRelaxed), kCapacity));
  for (std::size_t i = 0; i < copy.size(); ++i) copy[i] = samples_[i].load(kRelaxed);
  return copy;
}

}  // namespace ktstr
