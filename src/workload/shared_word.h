// SPDX-License-Identifier: Apache-2.0
//
// A word that workers of a group share and sleep on, in a cache line of its own, with the time of its last change. Who
// waits for a change is due to run since that time, so who changes it again before it was seen hides a wait.
//
// It has 31 bits: the last one is set when the group is to stop, and wakes who sleeps on the word whatever they wait
// for. That is why there is no plain store.
#pragma once

#include "workload/futex.h"

namespace ktstr {

struct alignas(64) SharedWord {
  static constexpr std::uint32_t kStopped = 1u << 31;

  std::uint32_t value() const { return futex.load() & ~kStopped; }
  void set(std::uint32_t value, std::uint64_t now_ns) {
    changed_ns.store(now_ns);
    std::uint32_t old = futex.load();
    while (!futex.compare_exchange_weak(old, (old & kStopped) | (value & ~kStopped))) {
    }
  }
  void stop() {
    futex.fetch_or(kStopped);
    futex_wake_all(futex);
  }

  FutexWord futex{0};
  std::atomic<std::uint64_t> changed_ns{0};  // CLOCK_MONOTONIC
};

}  // namespace ktstr
