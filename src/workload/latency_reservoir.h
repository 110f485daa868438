// SPDX-License-Identifier: Apache-2.0
//
// A bounded sample of a stream of latencies, thinned without chance: every k-th is kept, and k doubles whenever the
// room is full. The same stream leaves the same sample. It lives in shared memory with one writer; a reader that comes
// while it is written sees real latencies, if perhaps not evenly spaced ones.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ktstr {

class LatencyReservoir {
 public:
  static constexpr std::size_t kCapacity = 4096;

  void add(std::uint64_t latency_ns);
  // How many were added, kept or not.
  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  // The longest of all, kept or not.
  std::uint64_t max_ns() const { return max_ns_.load(std::memory_order_relaxed); }
  std::vector<std::uint64_t> samples() const;

 private:
  static constexpr auto kRelaxed = std::memory_order_relaxed;

  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::uint64_t> max_ns_{0};
  std::atomic<std::uint64_t> kept_{0};
  std::atomic<std::uint64_t> stride_{1};
  std::array<std::atomic<std::uint64_t>, kCapacity> samples_{};
};

}  // namespace ktstr
