// SPDX-License-Identifier: Apache-2.0
#include "runner/scheduler_life.h"

namespace ktstr {

Status SchedulerLives::add(SchedulerRecord record, std::uint64_t time_ns, bool tearing_down, LogLines lines) {
  if (record.life == 0 || record.life > kMost || record.life > lives_.size() + 1)
    return fail(ErrorCode::kCorruptData, "a record of scheduler number {}, after {} of them", record.life,
                lives_.size());
  if (record.life > lives_.size()) {
    for (SchedulerLife& before : lives_)
      if ((before.asked || before.exited) && !before.output.to)
        before.output.to = lines.output, before.kernel_log.to = lines.kernel_log;
    SchedulerLife& fresh = lives_.emplace_back();
    fresh.name = record.name;
    // What came before the first one is its own, too: it may say why it was not started.
    if (record.life > 1) fresh.output.from = lines.output, fresh.kernel_log.from = lines.kernel_log;
  }
  SchedulerLife& life = lives_[record.life - 1];
  const auto is_over = [&] { life.output.to = lines.output, life.kernel_log.to = lines.kernel_log; };
  using Kind = SchedulerRecord::Kind;
  const auto place = [&]() -> std::optional<SchedulerRecord>* {
    switch (record.kind) {
      case Kind::kStarted:
        return nullptr;
      case Kind::kAttached:
        life.attached_ns = time_ns;
        return &life.attached;
      case Kind::kNotAttached:
        is_over();
        return &life.not_attached;
      case Kind::kExited:
        // One that an op waited for in vain is ended by us.
        return life.asked || life.not_attached ? &life.ended : tearing_down ? nullptr : &life.exited;
      case Kind::kAsked:
        life.asked = true;
        life.asked_ns = time_ns;
        return &life.checked;
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
