// SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0
//
// The probe page: a file that the host and the plugin in QEMU both map, as the control page is. The host says in it at
// which instructions of the guest to look, and at what; the plugin writes what it saw into the ring behind it, in the
// order in which it happened. The guest does not notice: a probe only reads.
//
// The host writes its half before QEMU starts, except for `space`, the late probes and `active`, which it writes while
// the guest stands still: a kernel's own functions are known from its image, those of its BPF programs only then. Then
// the plugin takes events until QEMU ends. Where the ring is full, the vCPU waits for the host: no event is lost, and
// guest time stands still.
//
// With the same page the host says which vCPU is to be held where (Hold), which the guest does notice: another vCPU
// comes first.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ktstr::control {

constexpr std::uint64_t kProbeMagic = 0x31627270727473ULL;  // "strprb1"
constexpr std::uint32_t kProbeVersion = 7;
constexpr std::size_t kMostProbes = 128;
constexpr std::size_t kMostLateProbes = 128;
constexpr std::size_t kMostExits = 64, kMostLateExits = 96;
constexpr std::size_t kMostThunks = 16;
constexpr std::size_t kMostSteps = 24;
constexpr std::size_t kMostHolds = 16;
constexpr std::size_t kMostWatched = 64;
constexpr std::size_t kMostPieces = 64;
constexpr std::size_t kLongestPath = 512;
constexpr std::size_t kMostCounts = 1024;

// The argument registers of a function, in their order, and the others that a probe may look at. kLeft is none of a
// CPU: 0 where a function returns, else the address at which it goes on by a jump, kSomewhere where that is not known.
enum class Register : std::uint8_t { kRdi, kRsi, kRdx, kRcx, kR8, kR9, kRax, kRsp, kLeft };
constexpr std::size_t kGuestRegisters = 8, kRegisters = 9;
constexpr std::uint64_t kSomewhere = 1;

enum class Source : std::uint8_t {
  kRegister,  // number `index`
  kEarlier,   // the result of step `index` of the same probe
  kAddress,   // nothing: `address` alone
};

// Of a step's number its lowest bytes alone, 1, 2 or 4 of them; with kSigned as a number that may be negative.
constexpr std::uint32_t kAll = 0, kSigned = 0x100;
constexpr std::uint64_t narrowed(std::uint64_t number, std::uint32_t narrow) {
  const std::uint32_t bytes = narrow & 0xff;
  if (bytes == 0 || bytes >= 8) return number;
  const std::uint32_t above = 64 - 8 * bytes;
  const std::uint64_t high = number << above;
  return (narrow & kSigned) != 0 ? static_cast<std::uint64_t>(static_cast<std::int64_t>(high) >> above) : high >> above;
}

// One number: source + address, and then what is in the guest's memory there.
struct Step {
  Source source;
  std::uint8_t index;
  std::uint8_t bytes;  // to load: 1, 2, 4 or 8; 0: no load
  std::uint8_t keep;   // 1: a value of the event; 0: only for later steps
  std::uint32_t narrow;
  std::uint64_t address;  // added; negative offsets wrap
};

struct Probe {
  std::uint64_t address;  // of the instruction, before which it looks
  std::uint32_t kind;     // the host's number for it, below 65536
  std::uint32_t steps;
  Step step[kMostSteps];
};

// A probe at each instruction in [from, to) by which a function is left. Parts of one function have the same
// `probe.address`, and a jump from one into another leaves nothing.
struct ExitProbe {
  std::uint64_t from, to;
  Probe probe;
};

// Code that is watched: the addresses in [first, last).
struct WatchedCode {
  std::uint64_t first, last;
  std::uint32_t ends_holds;  // 1: what it touches ends holds; places of holds are in such code
  std::uint32_t reserved;
};

// Which accesses to memory are events: those of this code (Access::values()), but for what a vCPU does on the stack
// that it runs on.
struct MemoryWatch {
  std::uint32_t pieces;     // of code; 0: nothing is watched
  std::uint32_t kind;       // of the events, below 65536; 0: there are none, but holds need the watch
  std::uint32_t hold_kind;  // of those that say what holds did; 0: nobody will be held
  std::uint32_t reserved;
  WatchedCode code[kMostWatched];  // in the order of their addresses; no two overlap
  // Where the kernel counts, for each vCPU, what keeps it from being preempted; written as late probes are. 0: not
  // known.
  std::uint64_t preempt_count[kMostCounts];
};

// How an access was made: its length in bytes, and these. Of interrupts as the CPU has them, of preemption as the
// kernel counts it: where it is on, interrupts are too.
constexpr std::uint64_t kStore = 0x100, kAtomic = 0x200, kInterruptsOff = 0x400, kPreemptionOff = 0x800;
// Of a kernel's preempt_count, the bit that says nothing of that (PREEMPT_NEED_RESCHED,
// arch/x86/include/asm/preempt.h).
constexpr std::uint64_t kNotCounted = 0x80000000;

// A vCPU that has touched memory at `first` stands still before it executes `second`, until other vCPUs have touched
// the same bytes so often, or have executed so many instructions, or have nothing to execute.
struct Hold {
  std::uint64_t first, second;  // addresses of instructions in watched code
  std::uint32_t from, to;       // of the times that a vCPU comes to `second` so, counted from 1: which are held
  std::uint32_t stores_only;    // 1: reading the bytes does not end it
  std::uint32_t count;          // of the touches that end it, at least 1
  std::uint64_t most;           // instructions
};
// Why it ended: kMet also where others have touched the bytes, but less often than it was to be.
enum class HoldChange : std::uint32_t { kBegins = 1, kMet, kTooLong, kNobodyElse };

// Where guest-physical memory is, in files that the host made, of which one may hold several pieces.
struct RamPiece {
  std::uint64_t physical, bytes, offset;  // in the file
  char path[kLongestPath];                // of the file
};

// How the guest's kernel maps memory.
struct AddressSpace {
  std::uint64_t image, image_bytes, image_physical;  // of the kernel itself
  std::uint64_t direct, direct_bytes;                // all physical memory, from 0 on
  std::uint64_t top_table;                           // physical, for everything else
  std::uint32_t levels;                              // of page tables: 4 or 5
  std::uint32_t reserved;
};

struct ProbePage {
  std::uint64_t magic;
  std::uint32_t version;
  // Host -> plugin.
  std::uint32_t active;  // 1: take events
  std::uint32_t probes, pieces;
  std::uint64_t ring_words;  // a power of two
  AddressSpace space;
  Probe probe[kMostProbes];             // in the order of their addresses; several may have the same
  std::uint64_t late_first, late_last;  // late probes are at addresses in this range; the same number: there are none
  std::uint32_t late_probes, reserved_late;
  Probe late[kMostLateProbes];  // as `probe`; each at the first instruction of a block: a function's
  // Where functions are left, known and looked at as `probe` and `late` are: in the order of their beginnings.
  std::uint32_t exits, late_exits;
  std::uint32_t thunks;      // functions of the kernel that return from where a jump to them is
  std::uint32_t wants_late;  // 1: there may be late exits
  std::uint64_t thunk[kMostThunks];
  ExitProbe exit[kMostExits];
  ExitProbe late_exit[kMostLateExits];
  RamPiece piece[kMostPieces];
  MemoryWatch watch;
  std::uint32_t holds, reserved_holds;  // written as late probes are
  Hold hold[kMostHolds];
  std::uint64_t read;  // words, ever
  // Plugin -> host.
  std::uint64_t written;   // words, ever; never more than `ring_words` ahead of `read`
  std::uint64_t waits;     // for room
  std::uint64_t began_ns;  // its clock at the first block that ran after `active` was set
  std::uint32_t ready;     // 1: it can look at registers and time
  std::uint32_t reserved;
};

// An event in the ring: its guest time in nanoseconds of QEMU's clock; its head; its values, those of steps with
// `keep`.
constexpr std::uint64_t event_head(std::uint32_t kind, std::uint32_t vcpu, std::uint32_t values,
                                   std::uint32_t unreadable) {
  return std::uint64_t{kind & 0xffff} | std::uint64_t{vcpu & 0xffff} << 16 | std::uint64_t{values & 0xff} << 32 |
         std::uint64_t{unreadable & 0xffffff} << 40;
}
constexpr std::uint32_t kind_in(std::uint64_t head) { return head & 0xffff; }
constexpr std::uint32_t vcpu_in(std::uint64_t head) { return head >> 16 & 0xffff; }
constexpr std::uint32_t values_in(std::uint64_t head) { return head >> 32 & 0xff; }
// Which of its values could not be read and are 0: bit i is value i.
constexpr std::uint32_t unreadable_in(std::uint64_t head) { return static_cast<std::uint32_t>(head >> 40); }
constexpr std::size_t kLongestEvent = 2 + kMostSteps;  // words

constexpr std::size_t kRingOffset = 256 << 10;
static_assert(sizeof(ProbePage) <= kRingOffset);
constexpr std::size_t probe_file_bytes(std::uint64_t ring_words) { return kRingOffset + ring_words * 8; }

}  // namespace ktstr::control
