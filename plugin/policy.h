// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who hands over to whom and when, where turns are not to be even: decided by a seed over the stream of blocks that the
// vCPUs execute, without QEMU. One thread runs all vCPUs in turn, so none of it is locked.
//
//   uniform  each turn has a length of its own, 1/8 to 2 times the usual one
//   bursts   usual turns; now and then some dozens of very short ones, or one very long one
//   victim   now and then one vCPU gets no turn for a while
//   pct      vCPUs have priorities, and the highest of the busy ones runs. In an epoch of up to `most_away`
//   instructions
//            there are one to three points at which the one that runs becomes the lowest; the next has new priorities
//            (Burckhardt et al., A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs, ASPLOS 2010)
//   pos      each vCPU has a priority that is drawn anew before each block of a BPF program (or of a module) that it
//            executes, and at each end of its turn; the highest of the busy ones runs (after Yuan, Yang and Gu, Partial
//            Order Aware Concurrency Sampling, CAV 2018, whose events are all accesses to shared memory)
//
// A vCPU that must not run now leaves before its block, and QEMU goes on to the next one. How busy others are shows in
// that: one that has not come up since this one did so last is idle, so that nobody waits for one that does nothing.
// And nobody is kept waiting for more than `most_away` instructions of others: then it has a whole turn, whatever the
// policy says.
#pragma once

#include <array>
#include <cstdint>

#include "control_page.h"

namespace ktstr::control {

class Policy {
 public:
  // From the next block on. `turn`: the usual length, in instructions.
  void begin(PolicyKind kind, std::uint64_t seed, std::uint32_t vcpus, std::uint32_t turn, std::uint32_t most_away);
  // Turns are even from now on.
  void end() { kind_ = PolicyKind::kEven; }
  bool acts() const { return kind_ != PolicyKind::kEven; }

  // Whether `vcpu` would begin to run with its next block, or go on with its turn.
  bool is_next(std::uint32_t vcpu) const { return vcpu != running_; }
  // A block of so many instructions is about to run on `vcpu`. True: it must not, others come first. `event`: the block
  // is one of a BPF program.
  bool holds_back(std::uint32_t vcpu, std::uint32_t instructions, bool event);
  // The turn ends with the block that was let run last.
  void end_turn();
  // How long the turn is to be that now begins, in instructions of a vCPU at full speed.
  std::uint32_t length();

 private:
  static constexpr std::uint32_t kNobody = UINT32_MAX;

  bool has_priorities() const { return kind_ >= PolicyKind::kVictim; }
  bool somebody_is_above(std::uint32_t vcpu) const;
  void come(std::uint32_t vcpu);
  void change();
  void next_victim();
  void begin_epoch();
  void next_change_in_epoch();
  std::uint32_t next_length();
  std::uint64_t draw();
  std::uint64_t draw(std::uint64_t least, std::uint64_t most) { return least + draw() % (most - least + 1); }

  PolicyKind kind_ = PolicyKind::kEven;
  std::uint32_t vcpus_ = 0, turn_ = 0, most_away_ = 0;
  std::uint64_t random_ = 0, executed_ = 0;  // instructions, by whole blocks
  std::uint32_t running_ = kNobody;
  std::uint32_t ran_ = 0;        // the last that was let run
  std::uint32_t due_ = kNobody;  // has waited for long: the turn that it has now is not cut short
  // bursts: how many short turns are still to come, and how long they are.
  std::uint32_t shorts_ = 0, short_turn_ = 0;
  // victim, pct: `executed_` at the next change; pct: how many change points are left in the epoch, which ends then.
  std::uint64_t next_change_ = 0, epoch_end_ = 0;
  std::uint32_t changes_left_ = 0;
  std::uint32_t victim_ = kNobody;
  std::int64_t lowest_ = 0;
  std::array<std::int64_t, kMostVcpus> priority_{};
  // When each has come up to run, last and the time before, in numbers of such moments.
  std::uint64_t moment_ = 0;
  std::array<std::uint64_t, kMostVcpus> came_{}, came_before_{};
  // Since when it has been kept from the instructions that it still has to execute; 0 of them: it is not.
  std::array<std::uint64_t, kMostVcpus> waits_since_{};
  std::array<std::uint32_t, kMostVcpus> owed_{};
};

}  // namespace ktstr::control
