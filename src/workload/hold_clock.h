// SPDX-License-Identifier: Apache-2.0
//
// When a group's workers were held: frozen, or stopped by a signal, by the scenario itself. Such time is no time in
// which a scheduler could have run them. A hold begins before the kernel is asked to hold, and ends after it was asked
// to let go, so that what a worker does in between counts for nobody.
//
// The clock is in the memory that workers share with their spawner, who alone writes. Two slots in turn: a reader is
// never kept waiting, it only looks again when the clock changed meanwhile. A reader takes the time before it reads the
// clock: what the clock says then includes every hold that was over by that time.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace ktstr {

struct HoldTimes {
  std::uint64_t over_ns = 0;                          // sum of the holds that are over
  std::uint64_t last_from_ns = 0, last_until_ns = 0;  // the last of these, CLOCK_MONOTONIC; 0: none
  std::uint64_t since_ns = 0;                         // the hold that goes on; 0: none does

  // Time held until then. Exact for times since the last hold that is over began; of earlier times, ask then.
  std::uint64_t held_by(std::uint64_t at_ns) const {
    std::uint64_t held = over_ns;
    if (at_ns < last_until_ns) held -= last_until_ns - std::max(at_ns, last_from_ns);
    if (since_ns != 0 && at_ns > since_ns) held += at_ns - since_ns;
    return held;
  }
  // How long one who was away from `from_ns` to `to_ns` has waited: the end of a hold begins that anew, and in a hold
  // nobody waits. `until_ns`: when the wait ended.
  struct Wait {
    std::uint64_t ns = 0, until_ns = 0;
  };
  Wait wait(std::uint64_t from_ns, std::uint64_t to_ns) const {
    const std::uint64_t from = std::max(from_ns, last_until_ns);
    const std::uint64_t to = since_ns != 0 ? std::min(to_ns, since_ns) : to_ns;
    return {to > from ? to - from : 0, to};
  }
};

class HoldClock {
 public:
  HoldTimes read() const {
    for (;;) {
      const std::uint32_t turn = turn_.load(std::memory_order_acquire);
      const Slot& slot = slots_[turn % 2];
      const HoldTimes times{slot.over_ns.load(kRelaxed), slot.last_from_ns.load(kRelaxed),
                            slot.last_until_ns.load(kRelaxed), slot.since_ns.load(kRelaxed)};
      std::atomic_thread_fence(std::memory_order_acquire);
      if (turn_.load(kRelaxed) == turn) return times;
    }
  }
  void begin(std::uint64_t now_ns) {
    HoldTimes times = read();
    times.since_ns = now_ns;
    write(times);
  }
  void end(std::uint64_t now_ns) {
    HoldTimes times = read();
    times.over_ns += now_ns - times.since_ns;
    times.last_from_ns = times.since_ns;
    times.last_until_ns = now_ns;
    times.since_ns = 0;
    write(times);
  }

 private:
  static constexpr auto kRelaxed = std::memory_order_relaxed;
  struct Slot {
    std::atomic<std::uint64_t> over_ns{0}, last_from_ns{0}, last_until_ns{0}, since_ns{0};
  };
  void write(const HoldTimes& times) {
    const std::uint32_t next = turn_.load(kRelaxed) + 1;
    Slot& slot = slots_[next % 2];
    // Who sees a part of this sees the turn that came before it, and so that its own is over.
    std::atomic_thread_fence(std::memory_order_release);
    slot.over_ns.store(times.over_ns, kRelaxed);
    slot.last_from_ns.store(times.last_from_ns, kRelaxed);
    slot.last_until_ns.store(times.last_until_ns, kRelaxed);
    slot.since_ns.store(times.since_ns, kRelaxed);
    turn_.store(next, std::memory_order_release);
  }
  Slot slots_[2];
  std::atomic<std::uint32_t> turn_{0};
};

}  // namespace ktstr
