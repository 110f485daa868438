// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who runs for how long: decided over the stream of blocks that the vCPUs execute, without QEMU. One thread runs all
// vCPUs in turn, so none of it is locked.
//
// Each vCPU has a clock of instructions, faster for a slower CPU. A turn lasts until its vCPU is one whole turn ahead
// of the clock that is furthest behind among the others that are busy: one whose turn was cut short, by a timer of the
// guest or by QEMU, catches up. One that comes back from idle starts level with the others.
#pragma once

#include <array>
#include <cstdint>

#include "control_page.h"
#include "policy.h"

namespace ktstr::control {

class Turns {
 public:
  // `instructions`: where it counts what each vCPU executes, kMostVcpus numbers. `policy`: decides how long turns are
  // while it acts; none: all are even.
  explicit Turns(std::uint64_t* instructions, Policy* policy = nullptr)
      : instructions_(instructions), policy_(policy) {}

  // From the next block on, from the beginning: all clocks are level but for a part of a turn that `phase_seed`
  // decides. `speed`: of each vCPU, in percent.
  void begin(std::uint32_t turn, std::uint32_t vcpus, std::uint64_t phase_seed, const std::uint32_t* speed);
  // From the next turn of each vCPU on; clocks stay.
  void set_speeds(const std::uint32_t* speed);
  // Who is ahead of whom so far is forgotten.
  void level();
  bool active() const { return turn_ != 0; }

  // A block of `instructions` is about to run on `vcpu`, 0 to kMostVcpus - 1. True: the vCPU's turn ends with it.
  bool on_block(std::uint32_t vcpu, std::uint32_t instructions) {
    if (vcpu != running_) begin_turn(vcpu);
    left_ -= instructions;
    if (left_ > 0) return false;
    end_turn();
    ++ended_;
    return true;
  }

  // How many it has ended since begin().
  std::uint64_t ended() const { return ended_; }

 private:
  static constexpr std::uint32_t kNobody = UINT32_MAX;
  // A vCPU's clock counts in this part of an instruction at full speed.
  static constexpr std::int64_t kParts = 1000;

  void begin_turn(std::uint32_t vcpu);
  void end_turn();
  bool is_busy(std::uint32_t vcpu) const {
    return last_turn_[vcpu] != 0 && number_ - last_turn_[vcpu] <= std::uint64_t{3} * vcpus_;
  }

  std::uint32_t turn_ = 0, vcpus_ = 0, running_ = kNobody;
  std::int64_t length_ = 0, left_ = 0;    // of the running turn
  std::uint64_t number_ = 0, ended_ = 0;  // of turns
  std::array<std::int64_t, kMostVcpus> clock_{};
  std::array<std::int64_t, kMostVcpus> parts_{};       // a clock's advance for one instruction
  std::array<std::uint64_t, kMostVcpus> last_turn_{};  // its number; 0: none yet
  std::uint64_t* instructions_;
  Policy* policy_;
};

}  // namespace ktstr::control
