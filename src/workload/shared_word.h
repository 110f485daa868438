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
  // Puts `value` there and returns the one that was.
  std::uint32_t exchange(std::uint32_t value) {
    std::uint32_t old = futex.load();
    while (!futex.compare_exchange_weak(old, (old & kStopped) | value)) {
    }
    return old & ~kStopped;
  }
  // False where it is not `from`.
  bool change(std::uint32_t from, std::uint32_t to) {
    std::uint32_t old = futex.load();
    while ((old & ~kStopped) == from)
      if (futex.compare_exchange_weak(old, (old & kStopped) | to)) return true;
    return false;
  }
  // Takes one off, unless there is none: as a semaphore.
  bool take() {
    for (std::uint32_t now = value(); now > 0; now = value())
      if (change(now, now - 1)) return true;
    return false;
  }
  void give(std::uint32_t count, std::uint64_t now_ns) {
    changed_ns.store(now_ns);
    for (std::uint32_t now = value(); !change(now, now + count); now = value()) {
    }
  }
  // As a counter of those who have not come yet: true for the last.
  bool count_down() { return take() && value() == 0; }

  void stop() {
    futex.fetch_or(kStopped);
    futex_wake_all(futex);
  }

  FutexWord futex{0};
  std::atomic<std::uint64_t> changed_ns{0};  // CLOCK_MONOTONIC
};

}  // namespace ktstr
