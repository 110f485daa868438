// SPDX-License-Identifier: Apache-2.0
//
// The watch over a guest's phases and signs of life, from what it says in its GuestBlock. Guest time judges phases, so
// a slow host fails nothing; host time only judges whether anything still happens, and only time in which QEMU could
// run counts. Pure: no clock, no VM.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/guest.h"
#include "engine/watch/guest_end.h"
#include "wire/job.h"
#include "wire/mailbox.h"

namespace ktstr {

// One look at the GuestBlock. The agent writes phase_since_ns before phase, and heartbeat_ns before heartbeats; they
// are read here in the opposite order.
struct GuestSample {
  std::uint32_t agent_version = 0;  // 0: the agent is not up
  std::uint32_t phase = 0;
  std::uint64_t phase_since_ns = 0;
  std::uint64_t heartbeat_ns = 0;
  std::uint64_t heartbeats = 0;
  std::uint64_t answered = 0;  // rings of the doorbell, by the host: the guest stands still while it waits for that
};
GuestSample take_sample(mailbox::View view);

class Lifecycle {
 public:
  // `host_limit_scale` stretches the backstops in host time. `pace` is how fast the guest's clock may go at best, 1 for
  // that of the default shift: a guest that gets less time out of an instruction is not to be called slow for it.
  Lifecycle(const PhaseLimits& limits, int cpus, double host_limit_scale, double pace = 1);

  struct Finding {
    GuestEnd end;
    std::string message;
    bool silent = false;  // kHang after the boot, for want of any sign of life
    bool crawls = false;  // kHang after the boot, with signs of life, but hardly any time between them
  };
  // `host_seconds` since QEMU was started, in `waited_seconds` of which it was kept waiting for a CPU. A finding means:
  // stop.
  std::optional<Finding> observe(const GuestSample& sample, double host_seconds, double waited_seconds = 0);

  Phase phase() const { return phases_.back().phase; }
  bool done() const { return phase() == Phase::kDone; }
  const std::vector<GuestOutcome::PhaseStart>& phases() const { return phases_; }

 private:
  std::optional<Finding> check_block(const GuestSample& sample) const;
  std::optional<Finding> check_guest_time(const GuestSample& sample);
  std::optional<Finding> check_host_time(const GuestSample& sample, double ran_seconds) const;
  // In guest time; empty for phases without one (boot).
  std::optional<std::chrono::milliseconds> limit_of(Phase phase) const;
  double host_limit_of(Phase phase) const;
  double silence_limit() const;
  std::optional<Finding> check_pace(const GuestSample& sample, double ran_seconds);
  void note_sign_of_life(const GuestSample& sample, double ran_seconds);

  PhaseLimits limits_;
  int cpus_;
  double scale_;
  double pace_;
  std::vector<GuestOutcome::PhaseStart> phases_{{Phase::kBoot, 0, 0}};
  std::uint64_t last_heartbeats_ = 0, last_answered_ = 0;
  // In host seconds without those of waiting.
  double last_sign_of_life_ = 0;
  double longest_silence_ = 0;  // that ended, since the boot
  double phase_began_ = 0;
  double pace_since_ = 0;  // in host seconds as above; the guest's clock then
  std::uint64_t pace_clock_ns_ = 0;
  int over_limit_ = 0;  // samples in a row
};

}  // namespace ktstr
