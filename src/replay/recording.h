// SPDX-License-Identifier: Apache-2.0
//
// What a recorded trace says of tasks and CPUs, whatever its format: who left a CPU for whom, and who was woken where.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace ktstr {

constexpr std::int32_t kNobodyKnown = -1;  // as a pid
constexpr std::int32_t kWhoeverRan = -2;   // as `from`: who got that CPU last
constexpr std::int32_t kNoPriority = INT32_MIN;

struct RecordedEvent {
  enum class Kind : std::uint8_t { kSwitch, kWakeup };
  std::uint64_t time_ns = 0;
  Kind kind = Kind::kSwitch;
  // kSwitch: `from` goes to sleep, or ends; otherwise it stays runnable.
  bool sleeps = false;
  // kWakeup: who runs on that CPU does it, and not an interrupt.
  bool by_task = false;
  std::uint16_t cpu = 0;                // where it happened
  std::int32_t from = kNobodyKnown;     // kSwitch: who leaves the CPU
  std::int32_t to = kNobodyKnown;       // ... who gets it (0: idle); kWakeup: who is woken
  std::int32_t priority = kNoPriority;  // of `to`, as the kernel has it: 120 is nice 0, below 100 real-time
};

struct Recording {
  static constexpr std::size_t kMostEvents = 16'000'000;
  static constexpr std::uint16_t kMostCpus = 4096;

  std::vector<RecordedEvent> events;  // after finish(), in the order of time
  std::unordered_map<std::int32_t, std::string> names;
  bool knows_interrupts = false;        // RecordedEvent::by_task is right
  std::uint64_t losses = 0;             // how often the trace says that events were lost
  std::set<std::int32_t> worth = {};    // whom it is about; empty: all
  std::vector<std::string> notes = {};  // of what was not as expected in the file

  // kInvalidArgument where there are too many.
  Status add(const RecordedEvent& event);
  void name(std::int32_t pid, std::string_view comm);
  // After the last event. kInvalidArgument where there is no switch.
  Status finish();
  std::size_t cpus() const;  // that something happened on
};

}  // namespace ktstr
