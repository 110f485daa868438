// SPDX-License-Identifier: Apache-2.0
#include "engine/watch/guest_activity.h"

#include <fmt/core.h>

#include "base/activity.h"

namespace ktstr {

namespace {

constexpr std::chrono::milliseconds kBetween{200};

std::string of_limit(double seconds, std::chrono::milliseconds limit) {
  return fmt::format("guest at {:.0f} s of {:.0f} s", seconds, std::chrono::duration<double>(limit).count());
}

// "99999", "123k", "12.3M"
std::string rounded(std::uint64_t count) {
  if (count < 100'000) return fmt::format("{}", count);
  if (count < 10'000'000) return fmt::format("{}k", count / 1000);
  return fmt::format("{:.1f}M", static_cast<double>(count) / 1e6);
}

}  // namespace

std::string guest_activity(const GuestSample& sample, const PhaseLimits& limits, std::uint64_t iterations) {
  if (sample.agent_version == 0) return "its kernel boots";
  const std::uint64_t now = sample.heartbeat_ns, since = sample.phase_since_ns;
  const double in_phase = now > since ? static_cast<double>(now - since) / 1e9 : 0;
  switch (static_cast<Phase>(sample.phase)) {
    case Phase::kBoot:
      return fmt::format("guest at {:.0f} s", static_cast<double>(now) / 1e9);
    case Phase::kAttach:
      return "waiting for the scheduler to attach, " + of_limit(in_phase, limits.attach);
    case Phase::kDispatch:
      return "the test starts, " + of_limit(in_phase, limits.dispatch);
    case Phase::kBody:
      return fmt::format("guest at {:.1f} s", in_phase) +
             (iterations == 0 ? "" : fmt::format(", {} iterations", rounded(iterations)));
    case Phase::kTeardown:
      return "waiting for the scheduler to unload, " + of_limit(in_phase, limits.teardown);
    case Phase::kDone:
      return "the guest ends";
  }
  return {};  // the guest's word is not trusted
}

void GuestActivity::say(const GuestSample& sample, std::chrono::nanoseconds now,
                        const std::function<std::uint64_t()>& iterations) {
  if (said_.count() != 0 && now - said_ < kBetween) return;
  said_ = now;
  say_activity(guest_activity(sample, limits_, iterations()));
}

}  // namespace ktstr
