// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which vCPU stands still before which instruction, and until when: decided over the stream of blocks, instructions and
// accesses to memory that the vCPUs execute, without QEMU. One thread runs all vCPUs in turn, so none of it is locked.
//
// A hold has two places in one function: `first` touches some memory, and `second` comes later. A vCPU that has been at
// the first stands still before the second until another vCPU has touched the same bytes, as if it had come between.
#pragma once

#include <array>
#include <cstdint>

#include "control_page.h"
#include "probe_page.h"

namespace ktstr::control {

class Holds {
 public:
  struct Change {
    std::uint32_t hold = 0;
    HoldChange what = HoldChange::kBegins;
    std::uint32_t vcpu = 0;     // that is held
    std::uint64_t place = 0;    // the instruction that ended it; that it is held before
    std::uint64_t address = 0;  // of the memory that is waited for
    std::uint32_t times = 0;    // how often a vCPU had come to the second place so, with this time
  };

  // `all`: as many as there are, which must stay. kMostHolds at most.
  void begin(const Hold* all, std::uint32_t count);
  bool any() const { return count_ != 0; }

  // `vcpu` is about to execute a block of so many instructions. True: it must not, it is held.
  bool on_block(std::uint32_t vcpu, std::uint32_t instructions);
  // ... this instruction, of which any() asks. True: it must not.
  bool on_instruction(std::uint32_t vcpu, std::uint64_t place);
  // It has touched so many bytes there.
  void on_access(std::uint32_t vcpu, std::uint64_t place, std::uint64_t address, std::uint32_t bytes, bool store);

  // What has changed with the last call, one after the other; false: that was all.
  bool take_change(Change& change) {
    if (taken_ == changes_) {
      taken_ = changes_ = 0;
      return false;
    }
    change = change_[taken_++];
    return true;
  }

 private:
  static constexpr std::uint32_t kNobody = UINT32_MAX;
  // How often a vCPU may come up without that another has executed anything: then nobody else can.
  static constexpr std::uint32_t kMostIdleRounds = 2;

  struct State {
    std::uint32_t held = kNobody;
    std::uint32_t arrivals = 0, arrivals_when_held = 0;  // at the second place, after the first
    std::uint64_t address = 0;                           // of the bytes that are waited for
    std::uint32_t bytes = 0;
    std::uint64_t until = 0, seen = 0;  // instructions of all
    std::uint32_t idle_rounds = 0;
    std::uint32_t met = 0;     // touches of others
    std::uint64_t met_at = 0;  // the place of the last
  };
  struct Touched {
    std::uint64_t address = 0;
    std::uint32_t bytes = 0;  // 0: none since it was held last
  };

  void let_go(std::uint32_t hold, HoldChange why);
  void report(std::uint32_t hold, HoldChange what, std::uint64_t place);

  const Hold* all_ = nullptr;
  std::uint32_t count_ = 0, held_ = 0;  // how many are; how many vCPUs stand still
  std::uint64_t executed_ = 0;          // instructions, by whole blocks
  std::array<State, kMostHolds> state_{};
  std::array<std::array<Touched, kMostHolds>, kMostVcpus> touched_{};  // at the first place of each hold
  std::array<std::uint64_t, kMostVcpus> passes_{};                     // where it has been let go
  std::array<Change, kMostHolds> change_{};
  std::uint32_t changes_ = 0, taken_ = 0;
};

}  // namespace ktstr::control
