// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <ctime>

namespace ktstr {

using Nanoseconds = std::chrono::nanoseconds;
using Milliseconds = std::chrono::milliseconds;

inline Nanoseconds clock_now(clockid_t id) {
  timespec now{};
  ::clock_gettime(id, &now);
  return std::chrono::seconds(now.tv_sec) + Nanoseconds(now.tv_nsec);
}

// CLOCK_MONOTONIC: in a guest this is guest time, on the host it is wall time.
inline Nanoseconds monotonic_now() { return clock_now(CLOCK_MONOTONIC); }

// Of CLOCK_MONOTONIC; a signal does not cut it short.
inline void sleep_for(Nanoseconds length) {
  const Nanoseconds end = monotonic_now() + length;
  const timespec at{end.count() / 1'000'000'000, end.count() % 1'000'000'000};
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) == EINTR) {
  }
}

inline double to_seconds(Nanoseconds t) { return std::chrono::duration<double>(t).count(); }

}  // namespace ktstr
