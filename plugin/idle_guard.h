// SPDX-License-Identifier: GPL-2.0-or-later
//
// When QEMU's main loop may move an idle guest's clock on to the next timer.
//
// With -icount sleep=off it does so whenever it wakes up and sees all vCPUs halted. But a vCPU is halted from the
// middle of its last block on, before its thread has counted what it executed and looked at the vCPUs after it. A main
// loop that comes just then, late from something else because the host had no CPU for it, adds the way to the next
// timer to a clock that still stands where the turn began, and wakes the vCPUs in the middle of their round.
//
// So it may do it once each time that the thread of the vCPUs has itself found all of them idle: that thread holds
// QEMU's lock then, gives it up only by waiting, and wakes the main loop before. A main loop that is refused goes on
// with what else it has to do, and comes again: nobody waits for anything that he did not wait for before.
#pragma once

#include <cstdint>

namespace ktstr::control {

// Both sides ask with QEMU's lock held.
class IdleGuard {
 public:
  // The thread of the vCPUs has found all of them idle.
  void vcpus_are_idle() { may_jump_ = true; }

  // The main loop has found all of them halted. True: it moves the clock.
  bool main_loop_may_jump() {
    if (!may_jump_) {
      ++refused_;
      return false;
    }
    may_jump_ = false;
    ++jumps_;
    return true;
  }

  std::uint64_t jumps() const { return jumps_; }
  std::uint64_t refused() const { return refused_; }

 private:
  bool may_jump_ = false;
  std::uint64_t jumps_ = 0, refused_ = 0;
};

}  // namespace ktstr::control
