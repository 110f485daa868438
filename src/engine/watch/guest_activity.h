// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "engine/watch/lifecycle.h"

namespace ktstr {

// What a guest is doing, for the person who waits: "waiting for the scheduler to attach, guest at 20 s of 60 s". Times
// are the guest's: since the phase began, and in a boot since the kernel's start. `iterations` are those of all workers
// so far.
std::string guest_activity(const GuestSample& sample, const PhaseLimits& limits, std::uint64_t iterations = 0);

// Says it about the thread's activity (base/activity.h), not at every look.
class GuestActivity {
 public:
  explicit GuestActivity(const PhaseLimits& limits) : limits_(limits) {}
  void say(const GuestSample& sample, std::chrono::nanoseconds now, const std::function<std::uint64_t()>& iterations);

 private:
  PhaseLimits limits_;
  std::chrono::nanoseconds said_{0};
};

}  // namespace ktstr
