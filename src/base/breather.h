// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

namespace ktstr {

// For long work at a real-time priority. It keeps a CPU, and what is bound to that CPU (kernel threads, pinned tasks of
// the scheduler under test) waits: a scheduler's watchdog would blame the scheduler.
class Breather {
 public:
  static constexpr Nanoseconds kWork = Milliseconds(10), kPause = Milliseconds(5);

  // To be called once a piece of work: sleeps for kPause when the last pause, or the first call, is kWork ago.
  void breathe() {
    const Nanoseconds now = monotonic_now();
    if (since_ == Nanoseconds()) since_ = now;
    if (now - since_ < kWork) return;
    sleep_for(kPause);
    since_ = monotonic_now();
  }

 private:
  Nanoseconds since_{};
};

}  // namespace ktstr
