// SPDX-License-Identifier: Apache-2.0
//
// The mailbox: a range of guest RAM that the guest's kernel is told to leave alone (memmap= on its command line). The
// agent maps it through /dev/mem, the host through the RAM file. The host puts the delivery (job and files) there at
// the warm point, where the guest stands still; the guest writes records into lanes, which the host reads whenever it
// likes. Nothing the host does here is seen by the running guest, except the answer to a doorbell, for which the guest
// stands still.
//
//   0        MailboxHeader, written by the host before the start
//   512      HostBlock: what the host says
//   1024     GuestBlock: what the guest says of itself all along
//   1536     DoorbellBlock
//   2048     LaneBlock, one for each lane
//   3072     LiveHead
//   4096     RequestSlot, one for each lane
//   12288    lanes, kLaneSize each
//   then     the live area: a LiveWorker for each of kMostLiveWorkers workers, written by them
//   after    the delivery: a newc archive
//
// All integers are little endian and naturally aligned. The host never trusts what the guest wrote.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/enum_names.h"
#include "model/live_worker.h"

namespace ktstr {

// Phases of a run, as the agent goes through them.
enum class Phase : std::uint32_t { kBoot = 0, kAttach, kDispatch, kBody, kTeardown, kDone };
constexpr std::size_t kPhaseCount = 6;
EnumNames<Phase> names_of(Phase);  // "boot", "attach", ...

namespace mailbox {

constexpr std::uint64_t kMagic = 0x3178626d72747374;  // "tstrmbx1"
constexpr std::uint32_t kVersion = 18;                // of everything that crosses; host and agent must agree
constexpr Bytes kGuestAddress = Bytes{128} << 20;     // where in guest physical memory; above any kernel image's end
constexpr Bytes kLaneSize = Bytes{4} << 20;
constexpr Bytes kRequestsOffset = 4096;
constexpr Bytes kRequestSlotSize = 4096;

// Who writes a lane. One process, one thread at a time.
enum class Lane : std::uint32_t { kAgent = 0, kBody = 1 };
constexpr std::size_t kLaneCount = 2;
constexpr Bytes kLanesOffset = kRequestsOffset + kLaneCount * kRequestSlotSize;

// Whole pages of it are mapped by the body and its workers, as many as there are workers for.
constexpr std::size_t kMostLiveWorkers = 1024;
constexpr Bytes kLiveOffset = kLanesOffset + kLaneCount * kLaneSize;
constexpr Bytes kLiveSize = kMostLiveWorkers * sizeof(LiveWorker);
static_assert(kLiveOffset % 4096 == 0 && kLiveSize % 4096 == 0 && 4096 % sizeof(LiveWorker) == 0);

constexpr Bytes kDeliveryOffset = kLiveOffset + kLiveSize;

struct MailboxHeader {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t reserved;
  std::uint64_t size;  // of the whole range
};

// What a delivery is for. A run with a scheduler gets the first two, one without only the second kind.
enum class DeliveryKind : std::uint32_t {
  kScheduler = 1,  // the scheduler's files, and /ktstr/attach.json
  kRun = 2,        // the test's files, and /ktstr/job.json
  kCpus = 3,       // no files: the machine that goes on has all its CPUs. First, where HostBlock::late_cpus says so
};

struct HostBlock {
  std::uint32_t deliveries;    // how many there have been: the agent waits for the next
  std::uint32_t delivery_crc;  // CRC-32 of the archive
  std::uint64_t delivery_size;
  std::uint32_t delivery_kind;  // DeliveryKind
  std::uint32_t late_cpus;      // 1: the CPUs that the kernel did not start come with a delivery of their own
};

struct GuestBlock {
  std::uint32_t agent_version;   // kVersion once the agent has mapped the mailbox
  std::uint32_t phase;           // Phase
  std::uint64_t phase_since_ns;  // guest CLOCK_MONOTONIC
  std::uint64_t heartbeat_ns;    // guest CLOCK_MONOTONIC, about every 100 ms
  std::uint64_t heartbeats;
  std::uint32_t warm_windows;    // how many have gone by (see kWarmWindowNs)
  std::uint32_t warm_disturbed;  // 1: in the last one something else ran
  std::uint32_t taken;           // deliveries
  std::uint32_t reserved;
};

enum class BellReason : std::uint32_t {
  kNone = 0,
  kLaneFull = 1,
  kDone = 2,
  kWarmPoint = 3,
  kRequest = 4,
};

struct DoorbellBlock {
  std::uint32_t reason;    // BellReason, written by the guest before it rings
  std::uint32_t argument;  // the lane
  std::uint64_t rings;     // counted by the guest
  std::uint64_t answered;  // the host's copy of `rings`
};

struct LaneBlock {
  std::uint64_t generation;  // counts how often the lane was emptied through the doorbell
  std::uint64_t committed;   // bytes of whole records in this generation
  std::uint64_t dropped;     // records that could not be written
  std::uint64_t reserved;
};

// What the writer of a lane asks of the host, and the answer: see wire/request.h.
struct RequestSlot {
  enum class State : std::uint32_t { kFree = 0, kAsked, kDone, kFailed };
  std::uint32_t state;  // State: kAsked by the guest, the two after it by the host, which has then overwritten the rest
  std::uint32_t kind;   // RequestKind
  std::uint32_t size;   // bytes of `data`
  std::uint32_t reserved;
  std::array<std::byte, kRequestSlotSize - 16> data;
};
static_assert(sizeof(RequestSlot) == kRequestSlotSize);

struct Layout {
  MailboxHeader header;
  std::byte pad0[512 - sizeof(MailboxHeader)];
  HostBlock host;
  std::byte pad1[512 - sizeof(HostBlock)];
  GuestBlock guest;
  std::byte pad2[512 - sizeof(GuestBlock)];
  DoorbellBlock bell;
  std::byte pad3[512 - sizeof(DoorbellBlock)];
  std::array<LaneBlock, kLaneCount> lanes;
  std::byte pad4[1024 - sizeof(LaneBlock) * kLaneCount];
  LiveHead live;
  std::byte pad5[kRequestsOffset - 3072 - sizeof(LiveHead)];
  std::array<RequestSlot, kLaneCount> requests;
};
static_assert(offsetof(Layout, host) == 512 && offsetof(Layout, guest) == 1024 && offsetof(Layout, bell) == 1536 &&
              offsetof(Layout, lanes) == 2048 && offsetof(Layout, live) == 3072 &&
              offsetof(Layout, requests) == kRequestsOffset && sizeof(Layout) == kLanesOffset);

// The two sides look at the same memory: every field is read and written through these.
template <typename T>
T load(const T& field) {
  return std::atomic_ref<T>(const_cast<T&>(field)).load(std::memory_order_acquire);
}
template <typename T, typename V>
void store(T& field, V value) {
  std::atomic_ref<T>(field).store(static_cast<T>(value), std::memory_order_release);
}

// The doorbell's port (isa-debugcon) and how many bytes a ring writes: one more than its pipe holds.
constexpr std::uint16_t kBellPort = 0xe9;
constexpr std::size_t kBellPipeBytes = 4096;
constexpr std::size_t kBellRingBytes = kBellPipeBytes + 1;

// The warm point. Once the booted guest is quiet, the agent rings kWarmPoint and keeps its CPU busy, alone, until
// exactly this much guest time after it began to ring; then it sleeps for a moment and looks whether the job is there.
// A host that boots for one run delivers while it answers the ring. A host that makes an image stops the machine inside
// the window: with one CPU busy and all others halted, where in the window it stops leaves no trace, so every image of
// one machine is the same, and a run that continues it is the same as one that never stopped. Where something else did
// run meanwhile, which it does in each run alike, the agent says so, and another window follows; so it does while there
// is no delivery. There is a warm point after the boot and, in a run with a scheduler, another once that is attached.
constexpr std::uint64_t kWarmWindowNs = 20'000'000;
constexpr int kMostDisturbedWindows = 5;  // then the agent goes on all the same

// The smallest mailbox (a power of two, at least 32 MiB) that holds a delivery of `delivery` bytes.
Bytes size_for_delivery(Bytes delivery);
// "memmap=... ktstr.mailbox=ADDRESS,SIZE" for the kernel's command line.
std::string command_line(Bytes size);

// A mapped mailbox. Does not own the mapping.
class View {
 public:
  // `bytes` is the whole range, at least kDeliveryOffset long.
  explicit View(MutableByteSpan bytes) : bytes_(bytes) {}
  Layout& layout() const { return *reinterpret_cast<Layout*>(bytes_.data()); }
  RequestSlot& request(Lane lane) const { return layout().requests[static_cast<std::size_t>(lane)]; }
  MutableByteSpan lane(Lane lane) const {
    return bytes_.subspan(kLanesOffset + static_cast<std::size_t>(lane) * kLaneSize, kLaneSize);
  }
  std::span<LiveWorker> live_workers() const {
    return {reinterpret_cast<LiveWorker*>(bytes_.data() + kLiveOffset), kMostLiveWorkers};
  }
  MutableByteSpan delivery_area() const { return bytes_.subspan(kDeliveryOffset); }
  Bytes size() const { return bytes_.size(); }

  // Host, before the guest is started.
  void put_header() const;
  // Host: writes the delivery, and says that it is there. kNoSpace when it does not fit.
  // `rest`: of the archive, where it is in two pieces.
  Status put_delivery(DeliveryKind kind, ByteSpan archive, ByteSpan rest = {}) const;
  // Guest: checks header and delivery.
  Status check_header() const;
  Result<ByteSpan> take_delivery() const;

 private:
  MutableByteSpan bytes_;
};

}  // namespace mailbox
}  // namespace ktstr
