// SPDX-License-Identifier: Apache-2.0
//
// Which locks a CPU holds while it touches memory, out of the trace of a watched run. A lock that is taken again is
// held anew: between the two another CPU may have had it.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

#include "trace/events.h"

namespace ktstr {

struct HeldLock {
  std::uint32_t lock = 0;     // LockSets::address() says which
  std::uint32_t holding = 0;  // of those of this lock
  bool operator==(const HeldLock&) const = default;
};

class LockSets {
 public:
  // Of each LockUse event, in their order.
  void follow(const TraceEvent& event);
  // The number of what this CPU holds now; 0: nothing.
  std::uint32_t held_by(std::uint16_t vcpu);

  std::span<const HeldLock> set(std::uint32_t number) const;
  std::uint64_t address(std::uint32_t lock) const { return addresses_.at(lock); }

 private:
  // What a guest holds more than that is not known, as is what was taken before the recorder began.
  static constexpr std::size_t kMostHeld = 16, kMostWanted = 16, kMostLocks = 1'000'000, kMostSets = 1'000'000;

  struct Wanted {
    std::uint32_t function = 0;
    std::uint64_t address = 0;
  };
  struct OfCpu {
    std::vector<Wanted> wanted;  // the last one first to be taken: an interrupt may have come before it was
    std::vector<HeldLock> held;
    std::uint32_t number = 0;  // of the set; kNotNumbered: it has changed since
  };
  static constexpr std::uint32_t kNotNumbered = UINT32_MAX;

  void take(OfCpu& cpu, std::uint64_t address);
  void release(OfCpu& cpu, std::uint64_t address);

  std::map<std::uint16_t, OfCpu> cpus_;
  std::unordered_map<std::uint64_t, std::uint32_t> numbers_;  // of locks
  std::vector<std::uint64_t> addresses_;                      // by their numbers
  std::vector<std::uint32_t> holdings_;                       // so far, likewise
  std::vector<HeldLock> all_;                                 // of all sets
  std::vector<std::size_t> ends_ = {0};                       // of each set, in `all_`
};

}  // namespace ktstr
