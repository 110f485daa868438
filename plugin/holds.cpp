// SPDX-License-Identifier: GPL-2.0-or-later
#include "holds.h"

#include <algorithm>

namespace ktstr::control {

void Holds::begin(const Hold* all, std::uint32_t count) {
  all_ = all;
  count_ = std::min<std::uint32_t>(count, kMostHolds);
  held_ = 0;
  executed_ = 0;
  state_.fill({});
  for (auto& each : touched_) each.fill({});
  passes_.fill(0);
  changes_ = taken_ = 0;
}

bool Holds::on_block(std::uint32_t vcpu, std::uint32_t instructions) {
  for (std::uint32_t i = 0; held_ != 0 && i < count_; ++i) {
    State& state = state_[i];
    if (state.held != vcpu) continue;
    if (executed_ >= state.until) {
      let_go(i, HoldChange::kTooLong);
      break;
    }
    state.idle_rounds = state.seen == executed_ ? state.idle_rounds + 1 : 0;
    state.seen = executed_;
    if (state.idle_rounds <= kMostIdleRounds) return true;
    let_go(i, HoldChange::kNobodyElse);
    break;
  }
  executed_ += instructions;
  return false;
}

bool Holds::on_instruction(std::uint32_t vcpu, std::uint64_t place) {
  if (passes_[vcpu] == place) {
    passes_[vcpu] = 0;
    return false;
  }
  for (std::uint32_t i = 0; i < count_; ++i) {
    const Hold& hold = all_[i];
    State& state = state_[i];
    Touched& touched = touched_[vcpu][i];
    if (hold.second != place || touched.bytes == 0) continue;
    const std::uint32_t arrival = ++state.arrivals;
    const Touched bytes = touched;
    touched = {};
    if (state.held != kNobody || arrival < hold.from || arrival > hold.to) continue;
    state = {.held = vcpu,
             .arrivals = arrival,
             .arrivals_when_held = arrival,
             .address = bytes.address,
             .bytes = bytes.bytes,
             .until = executed_ + hold.most,
             .seen = executed_,
             .idle_rounds = 0,
             .met = 0,
             .met_at = 0};
    ++held_;
    passes_[vcpu] = place;
    report(i, HoldChange::kBegins, place);
    return true;
  }
  return false;
}

void Holds::on_access(std::uint32_t vcpu, std::uint64_t place, std::uint64_t address, std::uint32_t bytes, bool store) {
  for (std::uint32_t i = 0; i < count_; ++i) {
    const Hold& hold = all_[i];
    State& state = state_[i];
    if (hold.first == place) touched_[vcpu][i] = {.address = address, .bytes = bytes};
    if (state.held == kNobody || state.held == vcpu || (hold.stores_only != 0 && !store)) continue;
    if (address >= state.address + state.bytes || state.address >= address + bytes) continue;
    state.met_at = place;
    if (++state.met >= hold.count) let_go(i, HoldChange::kMet);
  }
}

void Holds::let_go(std::uint32_t hold, HoldChange why) {
  State& state = state_[hold];
  report(hold, state.met != 0 ? HoldChange::kMet : why, state.met_at);
  state.held = kNobody;
  --held_;
}

void Holds::report(std::uint32_t hold, HoldChange what, std::uint64_t place) {
  const State& state = state_[hold];
  if (changes_ == kMostHolds) return;
  change_[changes_++] = {.hold = hold,
                         .what = what,
                         .vcpu = state.held,
                         .place = place,
                         .address = state.address,
                         .times = state.arrivals_when_held};
}

}  // namespace ktstr::control
