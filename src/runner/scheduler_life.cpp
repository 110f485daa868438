// SPDX-License-Identifier: Apache-2.0
#include "runner/scheduler_life.h"

namespace ktstr {

Status SchedulerLives::add(SchedulerRecord record, std::uint64_t time_ns, bool tearing_down) {
  if (record.life == 0 || record.life > kMost || record.life < lives_.size() || record.life > lives_.size() + 1)
    return fail(ErrorCode::kCorruptData, "a record of scheduler number {}, after {} of them", record.life,
                lives_.size());
  if (record.life > lives_.size()) lives_.emplace_back();
  SchedulerLife& life = lives_.back();
  using Kind = SchedulerRecord::Kind;
  const auto place = [&]() -> std::optional<SchedulerRecord>* {
    switch (record.kind) {
      case Kind::kStarted:
        return nullptr;
      case Kind::kAttached:
        return &life.attached;
      case Kind::kNotAttached:
        return &life.not_attached;
      case Kind::kExited:
        return tearing_down ? nullptr : &life.exited;
      case Kind::kChecked:
        return &life.checked;
      case Kind::kNotRun:
        return &life.not_run;
      case Kind::kKilled:
        return &life.killed;
      case Kind::kNotDetached:
        return &life.not_detached;
    }
    return nullptr;
  }();
  if (place == &life.exited) life.exited_ns = time_ns;
  if (place != nullptr) *place = std::move(record);
  return ok();
}

const SchedulerLife& SchedulerLives::last() const {
  static const SchedulerLife nothing;
  return lives_.empty() ? nothing : lives_.back();
}

SchedulerLife& SchedulerLives::last() {
  if (lives_.empty()) lives_.emplace_back();
  return lives_.back();
}

}  // namespace ktstr
