// SPDX-License-Identifier: Apache-2.0
//
// The recorder of a run: what the plugin sees in the guest's kernel becomes events in the guest's own time, in the
// order in which it happened.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/qemu/probes.h"
#include "runner/watched_memory.h"
#include "trace/probes/probe_catalogue.h"
#include "trace/probes/user_probes.h"
#include "trace/trace_file.h"

namespace ktstr {

class Recorder final : public ProbeListener {
 public:
  // `user`: what the user wants to see beside what is always recorded.
  Recorder(KernelProbes kernel, UserProbes user, WatchedMemory memory, int cpus);

  // Events that come are stored in this file; where it cannot be made, finish() says why. `release`: of the kernel.
  void store(const fs::path& file, const std::string& release);
  Status finish();

  const std::vector<control::Probe>& probes() const override { return kernel_.probes; }
  ExitsOfKernel exits() const override;
  std::pair<std::uint64_t, std::uint64_t> late_range() const override;
  control::MemoryWatch watch() const override;
  Result<ProbesBegun> begin(const control::GuestSpace& ram, std::uint64_t guest_ns) override;
  void take(std::span<const std::uint64_t> event, const ClockPair& began) override;

  std::uint64_t events() const { return events_; }
  // Why nothing is held, where something was to be; "" otherwise.
  const std::string& why_no_holds() const { return why_no_holds_; }
  // Of what the user wanted to see, what is not there.
  const std::vector<std::string>& not_placed() const { return not_placed_; }

 private:
  void give(TraceEvent event);

  KernelProbes kernel_;
  UserProbes user_;
  WatchedMemory memory_;
  std::vector<std::string> not_placed_;
  std::string why_no_holds_;
  int cpus_;
  std::optional<TraceWriter> file_;
  Status stored_ = ok();
  std::uint64_t ticks_a_ms_ = 1'000'000;  // of the guest's TSC, as its kernel has measured it; QEMU's has 10^6
  std::uint64_t events_ = 0;
};

}  // namespace ktstr
