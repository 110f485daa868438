// SPDX-License-Identifier: GPL-2.0-or-later
#include "turns.h"

#include <algorithm>

namespace ktstr::control {

namespace {

// splitmix64, as base/splitmix.h has it under another licence.
std::uint64_t mixed(std::uint64_t z) {
  z += 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

void Turns::begin(std::uint32_t turn, std::uint32_t vcpus, std::uint64_t phase_seed, const std::uint32_t* speed) {
  turn_ = std::clamp(turn, kLeastTurn, kLongestTurn);
  vcpus_ = std::clamp<std::uint32_t>(vcpus, 1, kMostVcpus);
  running_ = kNobody;
  length_ = left_ = 0;
  number_ = ended_ = 0;
  last_turn_.fill(0);
  std::fill_n(instructions_, kMostVcpus, 0);
  set_speeds(speed);
  for (std::uint32_t vcpu = 0; vcpu < vcpus_; ++vcpu)
    clock_[vcpu] = static_cast<std::int64_t>(mixed(phase_seed + vcpu) % turn_) * kParts;
}

void Turns::set_speeds(const std::uint32_t* speed) {
  for (std::uint32_t vcpu = 0; vcpu < vcpus_; ++vcpu)
    parts_[vcpu] = kParts * kFullSpeed / std::clamp<std::uint32_t>(speed[vcpu], 1, kFullSpeed);
}

void Turns::level() {
  end_turn();
  clock_.fill(0);
}

void Turns::begin_turn(std::uint32_t vcpu) {
  end_turn();  // of one that was cut short
  running_ = vcpu;
  ++number_;
  if (policy_ != nullptr && policy_->acts()) {
    last_turn_[vcpu] = number_;
    length_ = left_ = std::max<std::int64_t>(1, policy_->length() * kParts / parts_[vcpu]);
    return;
  }
  const std::int64_t whole = std::int64_t{turn_} * kParts;
  std::int64_t behind = INT64_MAX;
  for (std::uint32_t other = 0; other < vcpus_; ++other)
    if (other != vcpu && is_busy(other)) behind = std::min(behind, clock_[other]);
  if (behind == INT64_MAX) behind = clock_[vcpu];
  if (!is_busy(vcpu)) clock_[vcpu] = std::max(clock_[vcpu], behind);
  last_turn_[vcpu] = number_;
  // Not so short that handing over costs more than the turn, nor so long that the others wait for one that catches up.
  const std::int64_t ahead = std::clamp(behind + whole - clock_[vcpu], whole / 8, whole * 4);
  length_ = left_ = std::max<std::int64_t>(1, ahead / parts_[vcpu]);
}

void Turns::end_turn() {
  if (running_ == kNobody) return;
  const std::int64_t ran = length_ - left_;
  clock_[running_] += ran * parts_[running_];
  instructions_[running_] += static_cast<std::uint64_t>(ran);
  running_ = kNobody;
}

}  // namespace ktstr::control
