// SPDX-License-Identifier: Apache-2.0
//
// One QEMU with everything that it needs around it: RAM files, doorbell, QMP.
#pragma once

#include <chrono>
#include <optional>

#include "base/system/process.h"
#include "engine/doorbell.h"
#include "engine/guest.h"
#include "engine/guest_memory.h"
#include "engine/qemu/command_line.h"
#include "engine/qemu/probes.h"
#include "engine/qemu/qmp.h"

namespace ktstr {

// For an answer of a QEMU that has nothing else to do.
constexpr std::chrono::seconds kQmpLimit{60};

// In the order in which it is taken down again, last first: QEMU ends before its memory goes.
struct Machine {
  GuestMemory memory;
  Doorbell doorbell;
  Qmp qmp;
  std::filesystem::path output;        // what QEMU itself prints
  std::chrono::nanoseconds started;    // monotonic_now() of the host
  std::optional<ControlFile> control;  // where there is a plugin
  std::optional<ProbeFile> probes;     // and somebody who listens
  std::string why_no_probes;           // why there are none all the same
  std::optional<Subprocess> qemu;

  // Memory, doorbell and QEMU, started. With Start::kBoot it boots at once; with Start::kIncoming it waits.
  // Nothing is said over QMP yet: Qmp::greet() comes first.
  static Result<Machine> start(const GuestSpec& spec, const MemoryLayout& layout,
                               const std::filesystem::path& console_log, Start start);
  // Waits until QEMU speaks. kTimedOut when it says nothing though it could run; kCancelled by `interrupted`.
  Status greet(const std::function<bool()>& interrupted);
  // The same without an answer, which a guest that runs could notice.
  Status hear(const std::function<bool()>& interrupted);
  // A QEMU that continues `image`, from its first instruction on; `first` is delivered before. kCorruptData: the image
  // is damaged.
  static Result<Machine> resume(const GuestSpec& spec, const MemoryLayout& layout, const WarmImage& image,
                                const GuestDelivery& first, const std::filesystem::path& console_log,
                                const std::function<bool()>& interrupted);
};

// For the spec's own machine, with a mailbox that holds `delivery` bytes.
MemoryLayout memory_layout(const GuestSpec& spec, Bytes delivery);
// Whose CPUID a guest of this mode shows here.
Result<CpuVendor> guest_cpu_vendor(Mode mode);

}  // namespace ktstr
