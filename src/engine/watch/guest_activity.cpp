// SPDX-License-Identifier: Apache-2.0
#include "engine/watch/guest_activity.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/activity.h"

namespace ktstr {

namespace {

constexpr std::chrono::milliseconds kBetween{200};

std::string of_limit(double seconds, std::chrono::milliseconds limit) {
  return fmt::format("guest at {:.0f} s of {:.0f} s", seconds, std::chrono::duration<double>(limit).count());
}

std::string of_duration(std::chrono::nanoseconds duration) {
  return duration.count() <= 0 ? "" : fmt::format(" of {:.1f} s", std::chrono::duration<double>(duration).count());
}

// "99999", "123k", "12.3M"
std::string rounded(std::uint64_t count) {
  if (count < 100'000) return fmt::format("{}", count);
  if (count < 10'000'000) return fmt::format("{}k", count / 1000);
  return fmt::format("{:.1f}M", static_cast<double>(count) / 1e6);
}

}  // namespace

std::string guest_activity(const GuestSample& sample, const PhaseLimits& limits, std::uint64_t iterations,
                           std::chrono::nanoseconds duration) {
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
      return fmt::format("guest at {:.1f} s", in_phase) + of_duration(duration) +
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
  say_activity(guest_activity(sample, limits_, iterations(), duration_) + time_left(sample, now));
}

// At the pace that the body had so far; nothing before there is one, and where the guest is over its time.
std::string GuestActivity::time_left(const GuestSample& sample, std::chrono::nanoseconds now) {
  if (sample.agent_version == 0 || static_cast<Phase>(sample.phase) != Phase::kBody || duration_.count() <= 0)
    return "";
  if (!body_seen_) body_seen_.emplace(now, sample.heartbeat_ns);
  const auto& [since, guest_since] = *body_seen_;
  constexpr std::chrono::seconds kLeast{1};
  if (now - since < kLeast || sample.heartbeat_ns <= guest_since) return "";
  const double pace =
      static_cast<double>((now - since).count()) / static_cast<double>(sample.heartbeat_ns - guest_since);
  const std::uint64_t done = sample.heartbeat_ns - std::min(sample.heartbeat_ns, sample.phase_since_ns);
  const double left = (static_cast<double>(duration_.count()) - static_cast<double>(done)) * pace / 1e9;
  return left < 1 ? "" : fmt::format(", about {:.0f} s left", left);
}

}  // namespace ktstr
