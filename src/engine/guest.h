// SPDX-License-Identifier: Apache-2.0
//
// A guest from start to end: RAM files, QEMU, the mailbox, and the watch over its phases. Watching only ever reads
// guest memory; from the start to the end nothing is said to QEMU that could make its main loop act at a moment of the
// host's choosing, except the answer to a doorbell.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/address_range.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"
#include "engine/qemu/mode.h"
#include "engine/qemu/qemu.h"
#include "engine/qemu/turns.h"
#include "engine/qemu/vcpus.h"
#include "engine/watch/guest_end.h"
#include "ktstr/topology.h"
#include "wire/job.h"
#include "wire/lane.h"
#include "wire/live_workers.h"
#include "wire/mailbox.h"

namespace ktstr {

class MemoryLayout;
class ProbeListener;
class WarmImage;

struct GuestSpec {
  std::string qemu = "qemu-system-x86_64";
  std::filesystem::path kernel;     // unpacked vmlinux
  AddressRange kernel_code;         // det: where its code is, which makes wide machines quicker
  std::filesystem::path initramfs;  // newc archive
  Topology topology;
  Mode mode = Mode::kDet;
  int icount_shift = 3;  // det: 2^shift ns of guest time per instruction
  std::uint64_t seed = 1;
  Bytes memory = 0;                           // the guest's, without the mailbox; 0: memory_by_rule()
  std::vector<std::string> kernel_arguments;  // added to ours
  std::filesystem::path ram_dir = "/dev/shm";
  PhaseLimits limits;
  std::chrono::nanoseconds duration{0};  // of the scenario, for those who wait; 0: not known
  double host_limit_scale = 1.0;
  std::filesystem::path plugin;             // det: ktstr-turns.so, which guards idle clocks; empty: none is loaded
  std::optional<TurnSettings> turns;        // with the plugin; from the body's start on. None: QEMU's own
  std::shared_ptr<ProbeListener> listener;  // with the plugin: sees what the guest's kernel does; none: nobody looks
  bool late_cpus = false;                   // det: boots on two vCPUs (engine/qemu/late_cpus.h)
  int kernel_hz = 0;                        // its CONFIG_HZ; 0: not known
  double pace = 1.0;  // how fast the guest's clock may go at best, beside that of the default shift and quantum
};

// max(256 MiB, 64 MiB a CPU).
Bytes memory_by_rule(const Topology& topology);

struct GuestOutcome {
  GuestEnd end = GuestEnd::kCompleted;
  Phase phase = Phase::kBoot;             // the one it ended in
  std::string message;                    // what happened, with numbers; empty when completed
  std::vector<std::string> console_tail;  // last lines of the serial console, at most 40
  std::string qemu_output;                // what QEMU itself printed
  struct PhaseStart {
    Phase phase;
    std::uint64_t guest_ns;
    double host_seconds;  // since QEMU was started
  };
  std::vector<PhaseStart> phases;
  double host_seconds = 0;
  std::uint64_t dropped_records = 0;  // that the guest could not send; as many as there are numbers, if it says so
  TurnCounts turns;                   // since the body's start; none without a plugin
  IdleCounts idle;
  std::string why_no_events;  // why the listener saw none, or no more from some point on; "" where it saw all
  Bytes console_cut = 0;      // of the console's middle, which is not kept
  LiveWorkersSeen live;       // workers that were there at its end, as they were last seen
  bool crawls = false;        // kHang, though it gave signs of life: hardly any guest time passed between them
  // Of a guest that gave no sign of life after its boot (kHang): where they stood. Empty: it was not so, or QEMU did
  // not say.
  std::vector<VcpuState> vcpus;
};

// Removes what runs that were killed have left in `ram_dir`.
void remove_guest_leftovers(const std::filesystem::path& ram_dir);

class GuestMemory;

// A guest that is stopped and does not go on, at `guest` as its kernel sees it.
struct PausedGuest {
  const GuestMemory& memory;
  std::filesystem::path console_log;
  // Opens QEMU's gdbstub on a socket of this path.
  std::function<Status(const std::filesystem::path& socket)> serve_gdb;
};

// Where to stop a guest. Up to there it is the run that it would have been; it does not go on.
struct GuestPause {
  std::function<bool(const GuestMemory&)> reached;        // asked several times a millisecond; only reads
  std::function<Status(const PausedGuest&)> when_paused;  // the guest ends when it returns
};

// What a guest says goes here while it runs.
struct GuestIo {
  std::filesystem::path console_log;  // receives the serial console
  // Gets each record of the guest as it comes; an Error from it ends the run: kUnsupported, which says that they are
  // more than can be kept, as kTooMuchSaid, any other as kCorrupt. Each lane's records come in their order; how the
  // lanes interleave depends on when the host looked, so what must repeat sorts by (time_ns, lane, sequence).
  std::function<Status(const Record&)> on_record;
  std::function<bool()> interrupted;  // asked every few milliseconds
  const GuestPause* pause = nullptr;  // forks only
};

// What the guest gets at its warm points, in this order.
struct GuestDelivery {
  mailbox::DeliveryKind kind;
  ByteSpan archive;
  ByteSpan rest = {};  // of the archive, where it is in two pieces
  Bytes size() const { return archive.size() + rest.size(); }
};
using Deliveries = std::vector<GuestDelivery>;
Bytes largest(const Deliveries& deliveries);

// Boots, hands over the deliveries, follows to the end. QEMU dies with the calling thread, not with the
// process alone.
// An Error: QEMU or memory could not be had (kNoSpace, kNotFound, kUnsupported), nothing was booted.
Result<GuestOutcome> run_guest(const GuestSpec& spec, const Deliveries& deliveries, const GuestIo& io);

// The same, continuing an image of a machine with this memory instead of booting; `deliveries` are those that the image
// has not had. kCorruptData: the image is damaged; kProtocol: QEMU does not take it. Nothing has run then.
Result<GuestOutcome> fork_guest(const GuestSpec& spec, const WarmImage& image, const MemoryLayout& layout,
                                const Deliveries& deliveries, const GuestIo& io);

}  // namespace ktstr
