// SPDX-License-Identifier: Apache-2.0
#include "races/lock_sets.h"

#include <algorithm>

namespace ktstr {

namespace {

// Wanted::function of one that has gone on to where a lock is waited for.
constexpr std::uint32_t kWaits = 0;

}  // namespace

void LockSets::follow(const TraceEvent& event) {
  using trace::LockUse;
  const auto seen = event_as<LockUse>(event);
  OfCpu& cpu = cpus_[event.cpu];
  if (seen.change == LockUse::kWanted) {
    if (cpu.wanted.size() == kMostWanted) cpu.wanted.erase(cpu.wanted.begin());
    cpu.wanted.push_back({seen.function, seen.value});
    return;
  }
  if (seen.change == LockUse::kReleased) return release(cpu, seen.value);
  if (cpu.wanted.empty()) return;
  Wanted& last = cpu.wanted.back();
  // Else the end of a function whose beginning was not seen, or of one that waits for another of these.
  if (last.function != seen.function && last.function != kWaits) return;
  if (seen.left != 0) {
    last.function = kWaits;
    return;
  }
  const std::uint64_t address = last.address;
  cpu.wanted.pop_back();
  const bool taken = seen.change == LockUse::kTaken || (seen.change == LockUse::kTakenIfZero && seen.value == 0) ||
                     (seen.change == LockUse::kTakenUnlessZero && seen.value != 0);
  if (taken) take(cpu, address);
}

void LockSets::take(OfCpu& cpu, std::uint64_t address) {
  // Nobody else can hold what has just been taken: its release there was not seen.
  for (auto& [number, other] : cpus_) release(other, address);
  if (cpu.held.size() == kMostHeld) return;
  const auto known = numbers_.find(address);
  if (known == numbers_.end() && addresses_.size() == kMostLocks) return;
  std::uint32_t lock = 0;
  if (known != numbers_.end()) {
    lock = known->second;
  } else {
    lock = static_cast<std::uint32_t>(addresses_.size());
    numbers_.emplace(address, lock);
    addresses_.push_back(address);
    holdings_.push_back(0);
  }
  cpu.held.push_back({lock, ++holdings_[lock]});
  cpu.number = kNotNumbered;
}

void LockSets::release(OfCpu& cpu, std::uint64_t address) {
  const auto known = numbers_.find(address);
  if (known == numbers_.end()) return;
  const auto at =
      std::find_if(cpu.held.begin(), cpu.held.end(), [&](const HeldLock& one) { return one.lock == known->second; });
  if (at == cpu.held.end()) return;
  cpu.held.erase(at);
  cpu.number = kNotNumbered;
}

std::uint32_t LockSets::held_by(std::uint16_t vcpu) {
  OfCpu& cpu = cpus_[vcpu];
  if (cpu.held.empty()) return 0;
  if (cpu.number == kNotNumbered) {
    if (ends_.size() == kMostSets) return 0;
    cpu.number = static_cast<std::uint32_t>(ends_.size());
    all_.insert(all_.end(), cpu.held.begin(), cpu.held.end());
    ends_.push_back(all_.size());
  }
  return cpu.number;
}

std::span<const HeldLock> LockSets::set(std::uint32_t number) const {
  if (number == 0 || number >= ends_.size()) return {};
  return {all_.data() + ends_[number - 1], ends_[number] - ends_[number - 1]};
}

}  // namespace ktstr
