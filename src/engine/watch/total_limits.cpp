// SPDX-License-Identifier: Apache-2.0
#include "engine/watch/total_limits.h"

namespace ktstr {

namespace {

using Finding = Lifecycle::Finding;

// For what lies between phases, and for the agent to end a phase by itself.
constexpr double kSlackSeconds = 30;
// A guest second takes up to a few seconds of a host's CPU; a multiple of that is no slow host any more.
constexpr double kHostSecondsPerGuestSecond = 20;
// The agent's heart beats ten times a second of the guest, and each beat has the time.
constexpr double kStillSeconds = 60;

double sum_of(const PhaseLimits& limits) {
  return std::chrono::duration<double>(limits.attach + limits.dispatch + limits.body + limits.teardown).count();
}

// As Lifecycle gives a boot.
double boot_seconds(int cpus) { return 240 + 4.0 * cpus; }

}  // namespace

TotalLimits::TotalLimits(const PhaseLimits& limits, int cpus, double host_limit_scale)
    : scale_(host_limit_scale),
      guest_limit_seconds_(sum_of(limits) + kSlackSeconds),
      host_limit_seconds_((boot_seconds(cpus) + kHostSecondsPerGuestSecond * (sum_of(limits) + kSlackSeconds)) *
                          host_limit_scale) {}

std::optional<Finding> TotalLimits::observe(const GuestSample& sample, double ran_seconds) {
  if (auto finding = check_clock_goes(sample, ran_seconds)) return finding;
  if (auto finding = check_order(sample)) return finding;
  if (auto finding = check_guest_time(sample)) return finding;
  if (ran_seconds <= host_limit_seconds_) return {};
  return Finding{
      GuestEnd::kHang,
      fmt::format("the run went on for more than {:.0f} s of host time in which QEMU could run, whatever the "
                  "guest says of itself: its clock is at {:.3f} s",
                  host_limit_seconds_, static_cast<double>(sample.heartbeat_ns) / 1e9)};
}

std::optional<Finding> TotalLimits::check_clock_goes(const GuestSample& sample, double ran_seconds) {
  const bool has_clock = sample.agent_version != 0 && static_cast<Phase>(sample.phase) != Phase::kDone;
  if (!has_clock || sample.heartbeat_ns > clock_ns_) clock_moved_ = ran_seconds;
  if (ran_seconds - clock_moved_ <= kStillSeconds * scale_) return {};
  return Finding{GuestEnd::kHang,
                 fmt::format("the guest's clock stood at {:.3f} s for {:.0f} s of host time in which QEMU could run",
                             static_cast<double>(sample.heartbeat_ns) / 1e9, ran_seconds - clock_moved_)};
}

std::optional<Finding> TotalLimits::check_order(const GuestSample& sample) {
  if (sample.agent_version == 0) return {};
  if (sample.phase < phase_)
    return Finding{GuestEnd::kCorrupt,
                   fmt::format("the guest went from phase {} back to {}, which its agent never does: "
                               "something else writes into the mailbox",
                               to_string(static_cast<Phase>(phase_)), to_string(static_cast<Phase>(sample.phase)))};
  if (sample.heartbeat_ns < clock_ns_)
    return Finding{GuestEnd::kCorrupt,
                   fmt::format("the guest's clock went from {:.3f} s back to {:.3f} s: something else than its agent "
                               "writes into the mailbox",
                               static_cast<double>(clock_ns_) / 1e9, static_cast<double>(sample.heartbeat_ns) / 1e9)};
  phase_ = sample.phase;
  clock_ns_ = sample.heartbeat_ns;
  return {};
}

std::optional<Finding> TotalLimits::check_guest_time(const GuestSample& sample) {
  const auto phase = static_cast<Phase>(sample.phase);
  if (sample.agent_version == 0 || phase == Phase::kBoot || phase == Phase::kDone) return {};
  if (!phases_began_ns_) phases_began_ns_ = sample.heartbeat_ns;
  const double took = static_cast<double>(sample.heartbeat_ns - *phases_began_ns_) / 1e9;
  if (took <= guest_limit_seconds_) return {};
  return Finding{
      GuestEnd::kPhaseTimeout,
      fmt::format("the run took {:.1f} s of guest time after the boot; all its phases together may take {:.1f} s", took,
                  guest_limit_seconds_)};
}

Status TotalLimits::count_ring() {
  if (++rings_ <= kMostRings) return ok();
  return fail(ErrorCode::kCorruptData,
              "the guest rang the doorbell more than {} times, which its agent and body never do", kMostRings);
}

Status TotalLimits::count_request() {
  if (++requests_ <= kMostRequests) return ok();
  return fail(ErrorCode::kCorruptData, "the guest asked the host more than {} times for something", kMostRequests);
}

}  // namespace ktstr
