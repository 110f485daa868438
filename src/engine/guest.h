// SPDX-License-Identifier: Apache-2.0
//
// A guest from start to end: RAM files, QEMU, the mailbox, and the watch over its phases. Watching only ever reads guest
// memory; from the start to the end nothing is said to QEMU that could make its main loop act at a moment of the
// host's choosing, except the answer to a doorbell.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"
#include "engine/mode.h"
#include "ktstr/topology.h"
#include "wire/job.h"
#include "wire/lane.h"
#include "wire/mailbox.h"

namespace ktstr {

struct GuestSpec {
  std::string qemu = "qemu-system-x86_64";
  std::filesystem::path kernel;     // unpacked vmlinux
  std::filesystem::path initramfs;  // newc archive
  Topology topology;
  Mode mode = Mode::kDet;
  int icount_shift = 3;             // det: 2^shift ns of guest time per instruction
  std::uint64_t seed = 1;
  Bytes memory = 0;                 // the guest's, without the mailbox; 0: memory_by_rule()
  std::vector<std::string> kernel_arguments;  // added to ours
  std::filesystem::path ram_dir = "/dev/shm";
  PhaseLimits limits;
  double host_limit_scale = 1.0;
};

// max(256 MiB, 64 MiB a CPU).
Bytes memory_by_rule(const Topology& topology);

enum class GuestEnd {
  kCompleted,     // the agent said it is done
  kKernelPanic,
  kKernelStall,   // lockup or RCU stall, and no end
  kOutOfMemory,   // the guest's memory
  kPhaseTimeout,  // a phase outlived its limit in guest time and the agent did not end it
  kHang,          // no sign of life within the host-time backstop
  kEarlyExit,     // QEMU ended before the agent was done
  kCorrupt,       // what the guest wrote does not check out
  kInterrupted,
};
std::string_view to_string(GuestEnd end);

struct GuestOutcome {
  GuestEnd end = GuestEnd::kCompleted;
  Phase phase = Phase::kBoot;          // the one it ended in
  std::string message;                 // what happened, with numbers; empty when completed
  std::vector<std::string> console_tail;  // last lines of the serial console, at most 40
  std::string qemu_output;             // what QEMU itself printed
  struct PhaseStart {
    Phase phase;
    std::uint64_t guest_ns;
    double host_seconds;  // since QEMU was started
  };
  std::vector<PhaseStart> phases;
  double host_seconds = 0;
  std::uint64_t dropped_records = 0;
};

// Removes what runs that were killed have left in `ram_dir`.
void remove_guest_leftovers(const std::filesystem::path& ram_dir);

// Boots, hands over `delivery`, follows to the end. `console_log` receives the serial console. `on_record` gets each
// record of the guest as it comes; an Error from it ends the run as kCorrupt. `interrupted` is asked now and then.
// An Error: QEMU or memory could not be had (kNoSpace, kNotFound, kUnsupported), nothing was booted.
Result<GuestOutcome> run_guest(const GuestSpec& spec, ByteSpan delivery, const std::filesystem::path& console_log,
                               const std::function<Status(const Record&)>& on_record,
                               const std::function<bool()>& interrupted);

struct QemuInfo {
  std::filesystem::path path;
  std::string version;  // "10.0.2"
  int major = 0, minor = 0;
  bool quantum_is_safe() const { return major > 8 || (major == 8 && minor >= 1); }
};
// kNotFound with the package to install; kUnsupported when the program is no QEMU.
Result<QemuInfo> find_qemu(const std::string& name);

// The hand-over timer for det mode: 10 us a vCPU, at least 50 us... see docs; 0 where QEMU is too old for it.
std::chrono::nanoseconds default_quantum(const QemuInfo& qemu, const Topology& topology);

}  // namespace ktstr
