// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "engine/watch/lifecycle.h"

namespace ktstr {

// What a guest is doing, for the person who waits: "waiting for the scheduler to attach, guest at 20 s of 60 s". Times
// are the guest's: since the phase began, and in a boot since the kernel's start. `iterations` are those of all workers
// so far. With `duration`, the body's, it says how far that is.
std::string guest_activity(const GuestSample& sample, const PhaseLimits& limits, std::uint64_t iterations = 0,
                           std::chrono::nanoseconds duration = {});

// Says it about the thread's activity (base/activity.h), not at every look.
class GuestActivity {
 public:
  explicit GuestActivity(const PhaseLimits& limits, std::chrono::nanoseconds duration = {})
      : limits_(limits), duration_(duration) {}
  void say(const GuestSample& sample, std::chrono::nanoseconds now, const std::function<std::uint64_t()>& iterations);

 private:
  std::string time_left(const GuestSample& sample, std::chrono::nanoseconds now);

  PhaseLimits limits_;
  std::chrono::nanoseconds duration_;
  // Where the body was when it was seen first: by the host's clock and by the guest's.
  std::optional<std::pair<std::chrono::nanoseconds, std::uint64_t>> body_seen_;
  std::chrono::nanoseconds said_{0};
};

}  // namespace ktstr
