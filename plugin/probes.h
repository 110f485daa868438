// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a probe does when its instruction comes up: works its steps out, and puts an event into the ring. Without QEMU:
// registers and time are given to it.
#pragma once

#include <cstdint>
#include <utility>

#include "guest_space.h"
#include "leaving.h"
#include "probe_page.h"

namespace ktstr::control {

class Probes {
 public:
  // `ring`: page.ring_words words. `wait` is called again and again while the ring is full.
  Probes(ProbePage& page, std::uint64_t* ring, void (*wait)());

  // The first probe at an address in [first, last]; nullptr when there is none. Those after it follow in the page.
  const Probe* find(std::uint64_t first, std::uint64_t last) const;
  const Probe* end() const { return page_.probe + count_; }

  // Whether a block that begins there may get a late probe.
  bool may_be_late(std::uint64_t address) const { return page_.late_first <= address && address < page_.late_last; }
  // The first late probe at this address, and where those at it end: nullptr, nullptr when there is none.
  std::pair<const Probe*, const Probe*> find_late(std::uint64_t address) const;

  // Where functions are left. `visit` gets each ExitProbe that an instruction is in, by its address.
  template <typename Visit>
  void each_exit(std::uint64_t address, Visit&& visit) const {
    each_in(page_.exit, page_.exits, kMostExits, address, visit);
  }
  template <typename Visit>
  void each_late_exit(std::uint64_t address, Visit&& visit) const {
    each_in(page_.late_exit, page_.late_exits, kMostLateExits, address, visit);
  }
  bool may_be_late_exit(std::uint64_t address) const { return page_.wants_late != 0 && may_be_late(address); }
  // Whether a jump there is one inside of the function that `from` is a part of.
  bool is_inside(const ExitProbe& from, std::uint64_t address) const;
  Leaving how_left(const unsigned char* instruction, std::size_t bytes, std::uint64_t address) const {
    return leaving(instruction, bytes, address, page_.thunk, page_.thunks < kMostThunks ? page_.thunks : kMostThunks);
  }

  // The watched code that an address is in; nullptr: none.
  const WatchedCode* watched_at(std::uint64_t address) const;

  bool active() const { return __atomic_load_n(&page_.active, __ATOMIC_ACQUIRE) != 0; }
  GuestSpace& space() { return space_; }
  // Which registers its steps look at: bit i is Register i.
  static std::uint32_t registers_of(const Probe& probe);

  // `registers`: kRegisters numbers.
  void take(const Probe& probe, std::uint32_t vcpu, std::uint64_t time_ns, const std::uint64_t* registers);
  // An event that no probe makes. At most kMostSteps values.
  void give(std::uint32_t kind, std::uint32_t vcpu, std::uint64_t time_ns, const std::uint64_t* values,
            std::uint32_t count);

 private:
  void put(const std::uint64_t* words, std::size_t count);
  template <typename Visit>
  static void each_in(const ExitProbe* all, std::uint32_t count, std::size_t most, std::uint64_t address,
                      Visit&& visit) {
    for (std::size_t i = 0; i < count && i < most; ++i)
      if (all[i].from <= address && address < all[i].to) visit(all[i]);
  }

  ProbePage& page_;
  std::uint64_t* ring_;
  std::uint64_t words_;
  std::uint32_t count_;
  void (*wait_)();
  GuestSpace space_;
};

}  // namespace ktstr::control
