// SPDX-License-Identifier: Apache-2.0
//
// What the recorder sees: an event is a kind, its guest time, the vCPU that it happened on, and numbers.
//
// Events come from a guest that nobody trusts: a field may hold anything.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/enum_names.h"

namespace ktstr {

enum class TraceKind : std::uint16_t {
  kTaskSeen = 1,  // was there when the recorder began
  kCpuSeen,       // what ran on a CPU when the recorder began
  kCgroupSeen,    // as kTaskSeen, or it has got a group in the scheduler just now
  kSwitch,
  kEnqueue,
  kDequeue,
  kMigrate,
  kFork,
  kRename,
  kExit,
  kTick,
  kIrqEnter,
  kIrqExit,
  kThrottle,
  kUnthrottle,
  kCgroupMove,
  kAffinity,
  kPolicy,
  kNice,
  kFreeze,
  kThaw,
  kCpuOnline,
  kCpuOffline,
  kDsqInsert,
  kDsqInsertVtime,
  kDsqMoveToLocal,
  kKick,
  kSchedulerExit,
  kReleased,
  kProbePlaced,  // for what the user has asked to see
  kProbe,
  kQuota,
  kYield,
  kDsqMove,
  kNamedValue,  // for values that the user has asked to see
  // Of a run whose memory is watched (memory_kinds.h).
  kFunctionSeen,
  kBpfLineSeen,
  kDataSeen,
  kMemberSeen,
  kAccess,
  kHeld,
  kLockUse,
};
EnumNames<TraceKind> names_of(TraceKind);  // "switch", "dsq_insert", ...

// Of what is recorded only where somebody has asked for it.
constexpr bool is_on_demand(TraceKind kind) {
  using enum TraceKind;
  return kind == kProbePlaced || kind == kProbe || kind == kNamedValue || (kind >= kFunctionSeen && kind <= kLockUse);
}

constexpr std::size_t kMostTraceValues = 16;

struct TraceEvent {
  std::uint64_t time_ns = 0;  // CLOCK_MONOTONIC of the guest
  TraceKind kind = TraceKind::kSwitch;
  std::uint16_t cpu = 0;
  std::uint8_t count = 0;        // of values
  std::uint32_t unreadable = 0;  // bit i: value i could not be read, and is 0
  std::array<std::uint64_t, kMostTraceValues> values{};
  bool operator==(const TraceEvent&) const = default;
};

// Text as the probes take it: 8 characters a value, the first in the lowest byte, up to the first 0.
template <std::size_t Words>
struct TraceText {
  std::array<std::uint64_t, Words> words{};
  std::string str() const;
  bool operator==(const TraceText&) const = default;
};

// The order of sched classes in the kernel, highest first.
enum class SchedClass : std::uint8_t { kStop, kDeadline, kRealTime, kFair, kExt, kIdle };
EnumNames<SchedClass> names_of(SchedClass);  // "stop", "dl", "rt", "fair", "ext", "idle"

}  // namespace ktstr
