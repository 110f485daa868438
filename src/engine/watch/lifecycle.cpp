// SPDX-License-Identifier: Apache-2.0
#include "engine/watch/lifecycle.h"

#include <algorithm>

namespace ktstr {

namespace {

// The agent ends a phase at its limit by itself and says why; we step in when even that has not happened.
constexpr std::chrono::milliseconds kGrace{5000};
// A guest that boots says little. After that a sign of life comes each tenth of a guest second, for which even a guest
// with many vCPUs, all busy, needs a few seconds; one that has needed long before is given that much more.
constexpr double kBootSilenceSeconds = 60;
constexpr double kSilenceSeconds = 10;
constexpr int kFewCpus = 16;
constexpr double kSilenceSecondsForCpu = 0.5;  // for each above those
constexpr double kTimesLongestSilence = 8;
constexpr double kMostSilenceSeconds = 55;  // TotalLimits ends what is silent for longer, without a look at it
// A guest second takes up to some seconds of the host. An emulated CPU that spins in the kernel with `pause`, as every
// lock does, gives up its turn at each, and makes that half a minute.
constexpr double kCrawlSeconds = 10;
constexpr std::uint64_t kCrawlNs = 500'000'000;
// A block is not read in one piece: only what is seen this often in a row counts.
constexpr int kConfirmations = 3;
// A lying guest must not fill our memory.
constexpr std::size_t kMostPhases = 64;

}  // namespace

GuestSample take_sample(mailbox::View view) {
  const auto& block = view.layout().guest;
  GuestSample sample;
  sample.agent_version = mailbox::load(block.agent_version);
  sample.phase = mailbox::load(block.phase);
  sample.phase_since_ns = mailbox::load(block.phase_since_ns);
  sample.heartbeats = mailbox::load(block.heartbeats);
  sample.heartbeat_ns = mailbox::load(block.heartbeat_ns);
  sample.answered = mailbox::load(view.layout().bell.answered);
  return sample;
}

Lifecycle::Lifecycle(const PhaseLimits& limits, int cpus, double host_limit_scale, double pace)
    : limits_(limits), cpus_(cpus), scale_(host_limit_scale), pace_(pace) {}

std::optional<std::chrono::milliseconds> Lifecycle::limit_of(Phase phase) const {
  switch (phase) {
    case Phase::kAttach:
      return limits_.attach;
    case Phase::kDispatch:
      return limits_.dispatch;
    case Phase::kBody:
      return limits_.body;
    case Phase::kTeardown:
      return limits_.teardown;
    case Phase::kBoot:
    case Phase::kDone:
      return {};
  }
  return {};
}

// Measured: 128 vCPUs boot in 90 s, 64 in 190 s on a host with six times more to do than it has CPUs; busy guests with
// a hand-over timer take up to a few seconds a guest second.
double Lifecycle::host_limit_of(Phase phase) const {
  const auto limit = limit_of(phase);
  const double seconds = limit ? 30 + 60 * std::chrono::duration<double>(*limit + kGrace).count() : 240 + 4.0 * cpus_;
  return seconds * scale_;
}

std::optional<Lifecycle::Finding> Lifecycle::observe(const GuestSample& sample, double host_seconds,
                                                     double waited_seconds) {
  const double ran_seconds = host_seconds - waited_seconds;
  if (auto finding = check_block(sample)) return finding;
  note_sign_of_life(sample, ran_seconds);
  const auto seen = static_cast<Phase>(sample.phase);
  if (sample.agent_version != 0 && seen != phase() && phases_.size() < kMostPhases) {
    phases_.push_back({seen, sample.phase_since_ns, host_seconds});
    last_sign_of_life_ = phase_began_ = ran_seconds;
    over_limit_ = 0;
  }
  if (done()) return {};
  if (auto finding = check_guest_time(sample)) return finding;
  if (auto finding = check_pace(sample, ran_seconds)) return finding;
  return check_host_time(sample, ran_seconds);
}

void Lifecycle::note_sign_of_life(const GuestSample& sample, double ran_seconds) {
  const bool none = sample.heartbeats == last_heartbeats_ && sample.answered == last_answered_;
  if (none && (phases_.size() != 1 || sample.agent_version != 0)) return;
  if (phases_.size() > 1) longest_silence_ = std::max(longest_silence_, ran_seconds - last_sign_of_life_);
  last_heartbeats_ = sample.heartbeats;
  last_answered_ = sample.answered;
  last_sign_of_life_ = ran_seconds;
}

std::optional<Lifecycle::Finding> Lifecycle::check_pace(const GuestSample& sample, double ran_seconds) {
  const std::uint64_t went = sample.heartbeat_ns > pace_clock_ns_ ? sample.heartbeat_ns - pace_clock_ns_ : 0;
  if (phase() == Phase::kBoot || pace_clock_ns_ == 0 || went >= kCrawlNs) {
    pace_since_ = ran_seconds;
    pace_clock_ns_ = sample.heartbeat_ns;
    return {};
  }
  const double limit = (kCrawlSeconds + kSilenceSecondsForCpu * 4 * std::max(0, cpus_ - kFewCpus)) * scale_ / pace_;
  // One that says nothing any more is silent, which is something else.
  const bool silent = ran_seconds - last_sign_of_life_ > kSilenceSeconds / 2 * scale_;
  if (went == 0 || silent || ran_seconds - pace_since_ <= limit) return {};
  return Finding{.end = GuestEnd::kHang,
                 .message = fmt::format("the guest's clock went on by {:.3f} s in {:.0f} s of host time in which QEMU "
                                        "could run, in phase {}",
                                        static_cast<double>(went) / 1e9, ran_seconds - pace_since_, to_string(phase())),
                 .crawls = true};
}

double Lifecycle::silence_limit() const {
  if (phase() == Phase::kBoot) return kBootSilenceSeconds * scale_;
  const double usual = kSilenceSeconds + kSilenceSecondsForCpu * std::max(0, cpus_ - kFewCpus);
  return std::min(std::max(usual, kTimesLongestSilence * longest_silence_), kMostSilenceSeconds) * scale_;
}

std::optional<Lifecycle::Finding> Lifecycle::check_block(const GuestSample& sample) const {
  if (sample.agent_version != 0 && sample.agent_version != mailbox::kVersion)
    return Finding{GuestEnd::kCorrupt, fmt::format("the agent in the guest speaks mailbox version {}, the host {}",
                                                   sample.agent_version, mailbox::kVersion)};
  if (sample.phase >= kPhaseCount)
    return Finding{GuestEnd::kCorrupt,
                   fmt::format("the guest says it is in phase {}, of {}", sample.phase, kPhaseCount)};
  return {};
}

std::optional<Lifecycle::Finding> Lifecycle::check_guest_time(const GuestSample& sample) {
  const auto limit = limit_of(phase());
  const std::uint64_t since = sample.phase_since_ns;
  const std::uint64_t age = sample.heartbeat_ns > since ? sample.heartbeat_ns - since : 0;
  const auto most = limit ? static_cast<std::uint64_t>(std::chrono::nanoseconds(*limit + kGrace).count()) : 0;
  over_limit_ = limit && age > most ? over_limit_ + 1 : 0;
  if (over_limit_ < kConfirmations) return {};
  return Finding{
      GuestEnd::kPhaseTimeout,
      fmt::format("phase {} took {:.1f} s of guest time; its limit is {:.1f} s and the agent did not end it",
                  to_string(phase()), static_cast<double>(age) / 1e9, std::chrono::duration<double>(*limit).count())};
}

std::optional<Lifecycle::Finding> Lifecycle::check_host_time(const GuestSample& sample, double ran_seconds) const {
  if (sample.agent_version != 0 && ran_seconds - last_sign_of_life_ > silence_limit())
    return Finding{
        GuestEnd::kHang,
        fmt::format("no heartbeat of the guest for {:.0f} s of host time in which QEMU could run, in phase {}; the "
                    "last came at {:.3f} s of guest time",
                    ran_seconds - last_sign_of_life_, to_string(phase()),
                    static_cast<double>(sample.heartbeat_ns) / 1e9),
        phase() != Phase::kBoot};
  const double in_phase = ran_seconds - phase_began_;
  if (in_phase <= host_limit_of(phase())) return {};
  if (sample.agent_version == 0)
    return Finding{
        GuestEnd::kHang,
        fmt::format("the guest's agent was not up after {:.0f} s of host time in which QEMU could run", in_phase)};
  return Finding{
      GuestEnd::kHang,
      fmt::format("phase {} went on for more than {:.0f} s of host time in which QEMU could run; the guest's clock is "
                  "at {:.3f} s",
                  to_string(phase()), host_limit_of(phase()), static_cast<double>(sample.heartbeat_ns) / 1e9)};
}

}  // namespace ktstr
