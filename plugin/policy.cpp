// SPDX-License-Identifier: GPL-2.0-or-later
#include "policy.h"

#include <algorithm>

namespace ktstr::control {

namespace {

constexpr std::uint32_t kShortestTurn = 20;  // handing over takes longer than one that is shorter
// Of 256 turns, with `bursts`.
constexpr std::uint64_t kOutOf = 256, kLong = 1, kShorts = 1;
constexpr std::uint64_t kMostChanges = 3, kEpochHalvings = 4;  // pct

}  // namespace

void Policy::begin(PolicyKind kind, std::uint64_t seed, std::uint32_t vcpus, std::uint32_t turn,
                   std::uint32_t most_away) {
  *this = Policy();
  kind_ = kind;
  random_ = seed;
  vcpus_ = std::clamp<std::uint32_t>(vcpus, 1, kMostVcpus);
  turn_ = std::clamp(turn, kLeastTurn, kLongestTurn);
  most_away_ = std::max(most_away, turn_);
  next_change_ = UINT64_MAX;
  if (kind == PolicyKind::kVictim) next_victim();
  if (kind == PolicyKind::kPct) begin_epoch();
}

bool Policy::holds_back(std::uint32_t vcpu, std::uint32_t instructions, bool event) {
  bool look = false;
  if (is_next(vcpu)) {
    come(vcpu);
    look = true;
  }
  if (executed_ >= next_change_) {
    change();
    look = true;
  }
  if (event && kind_ == PolicyKind::kPos) {
    priority_[vcpu] = static_cast<std::int64_t>(draw() >> 1);
    look = true;
  }
  if (look && has_priorities() && vcpu != due_ && somebody_is_above(vcpu)) {
    if (owed_[vcpu] == 0) {
      owed_[vcpu] = turn_;
      waits_since_[vcpu] = executed_;
    }
    running_ = kNobody;
    return true;
  }
  ran_ = vcpu;
  owed_[vcpu] -= std::min(owed_[vcpu], instructions);
  executed_ += instructions;
  return false;
}

void Policy::end_turn() {
  if (running_ == kNobody) return;
  if (kind_ == PolicyKind::kPos) priority_[running_] = static_cast<std::int64_t>(draw() >> 1);
  running_ = due_ = kNobody;
}

void Policy::come(std::uint32_t vcpu) {
  running_ = vcpu;
  came_before_[vcpu] = came_[vcpu];
  came_[vcpu] = ++moment_;
  due_ = owed_[vcpu] != 0 && executed_ - waits_since_[vcpu] >= most_away_ ? vcpu : kNobody;
}

bool Policy::somebody_is_above(std::uint32_t vcpu) const {
  for (std::uint32_t other = 0; other < vcpus_; ++other)
    if (priority_[other] > priority_[vcpu] && came_[other] > came_before_[vcpu]) return true;
  return false;
}

void Policy::change() {
  if (kind_ == PolicyKind::kVictim) {
    next_victim();
  } else if (executed_ >= epoch_end_) {
    begin_epoch();
  } else {
    priority_[ran_] = --lowest_;
    next_change_in_epoch();
  }
}

void Policy::next_victim() {
  if (victim_ == kNobody && executed_ != 0) {
    victim_ = static_cast<std::uint32_t>(draw() % vcpus_);
    priority_[victim_] = -1;
    next_change_ = executed_ + draw(most_away_ / 8, most_away_);
    return;
  }
  priority_.fill(0);
  victim_ = kNobody;
  next_change_ = executed_ + draw(most_away_ / 4, std::uint64_t{3} * most_away_);
}

// Of lengths of all orders: a long one shows what takes long, and many short ones have more change points.
void Policy::begin_epoch() {
  for (std::uint32_t vcpu = 0; vcpu < vcpus_; ++vcpu) priority_[vcpu] = static_cast<std::int64_t>(draw() >> 1);
  lowest_ = 0;
  const std::uint64_t most = std::max<std::uint64_t>(most_away_ >> draw(0, kEpochHalvings), 2);
  epoch_end_ = executed_ + draw(most / 2, most);
  changes_left_ = static_cast<std::uint32_t>(draw(1, kMostChanges));
  next_change_in_epoch();
}

// The first of those that are left, each of which is anywhere in the rest of the epoch.
void Policy::next_change_in_epoch() {
  next_change_ = epoch_end_;
  for (std::uint32_t i = 0; i < changes_left_; ++i)
    next_change_ = std::min(next_change_, draw(executed_ + 1, std::max(executed_ + 1, epoch_end_)));
  if (changes_left_ != 0) --changes_left_;
}

std::uint32_t Policy::length() { return std::clamp(next_length(), std::min(kShortestTurn, turn_), most_away_); }

std::uint32_t Policy::next_length() {
  if (kind_ == PolicyKind::kUniform) return static_cast<std::uint32_t>(draw(turn_ / 8, std::uint64_t{2} * turn_));
  if (kind_ != PolicyKind::kBursts) return turn_;
  if (shorts_ != 0) {
    --shorts_;
    return short_turn_;
  }
  const std::uint64_t what = draw() % kOutOf;
  if (what < kLong)
    return static_cast<std::uint32_t>(draw(std::min(std::uint64_t{4} * turn_, std::uint64_t{most_away_}), most_away_));
  if (what < kLong + kShorts) {
    shorts_ = static_cast<std::uint32_t>(draw(16, 256));
    short_turn_ = static_cast<std::uint32_t>(draw(turn_ / 32, turn_ / 4));
  }
  return turn_;
}

// splitmix64, as base/splitmix.h has it under another licence.
std::uint64_t Policy::draw() {
  std::uint64_t z = random_ += 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace ktstr::control
