// SPDX-License-Identifier: Apache-2.0
//
// What no guest may exceed, whatever it says of itself: phases go forward, so does its clock, and a run as a whole has
// a limit in guest time, in host time and in rings of the doorbell. Lifecycle judges a guest that tells the truth; this
// one ends a guest that does not. Pure: no clock, no VM.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/watch/lifecycle.h"

namespace ktstr {

class TotalLimits {
 public:
  // Of rings: lanes that are full, warm points and the end. All that a guest may report are 64 full lanes.
  static constexpr int kMostRings = 300;
  // Of rings with a request, which a scenario may make in a loop: the CPUs' speed.
  static constexpr int kMostRequests = 20'000;

  TotalLimits(const PhaseLimits& limits, int cpus, double host_limit_scale);

  // `ran_seconds`: host time in which QEMU could run. A finding means: stop.
  std::optional<Lifecycle::Finding> observe(const GuestSample& sample, double ran_seconds);
  // Counts a ring of the doorbell; kCorruptData when there are too many.
  Status count_ring();
  Status count_request();

 private:
  std::optional<Lifecycle::Finding> check_order(const GuestSample& sample);
  std::optional<Lifecycle::Finding> check_guest_time(const GuestSample& sample);
  std::optional<Lifecycle::Finding> check_clock_goes(const GuestSample& sample, double ran_seconds);

  double scale_;
  double guest_limit_seconds_, host_limit_seconds_;
  std::uint32_t phase_ = 0;
  std::uint64_t clock_ns_ = 0;                    // the latest that was seen
  double clock_moved_ = 0;                        // when it last went forward, in host seconds as observe() has them
  std::optional<std::uint64_t> phases_began_ns_;  // the clock when the boot was first seen to be over
  int rings_ = 0, requests_ = 0;
};

}  // namespace ktstr
