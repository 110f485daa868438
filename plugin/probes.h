// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a probe does when its instruction comes up: works its steps out, and puts an event into the ring. Without QEMU:
// registers and time are given to it.
#pragma once

#include <cstdint>
#include <utility>

#include "guest_space.h"
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

  bool active() const { return __atomic_load_n(&page_.active, __ATOMIC_ACQUIRE) != 0; }
  GuestSpace& space() { return space_; }
  // Which registers its steps look at: bit i is Register i.
  static std::uint32_t registers_of(const Probe& probe);

  // `registers`: kRegisters numbers.
  void take(const Probe& probe, std::uint32_t vcpu, std::uint64_t time_ns, const std::uint64_t* registers);

 private:
  void put(const std::uint64_t* words, std::size_t count);

  ProbePage& page_;
  std::uint64_t* ring_;
  std::uint64_t words_;
  std::uint32_t count_;
  void (*wait_)();
  GuestSpace space_;
};

}  // namespace ktstr::control
