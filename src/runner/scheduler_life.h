// SPDX-License-Identifier: Apache-2.0
//
// What was seen of a scheduler from the start of its program to what became of it. A guest may start several, one
// after another.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "wire/records.h"

namespace ktstr {

struct SchedulerLife {
  std::optional<SchedulerRecord> attached;      // kAttached
  std::optional<SchedulerRecord> not_attached;  // kNotAttached
  std::optional<SchedulerRecord> checked;       // when the body had ended
  std::optional<SchedulerRecord> exited;        // before the teardown
  std::uint64_t exited_ns = 0;
  std::optional<SchedulerRecord> not_run, killed, not_detached;  // in the teardown: kNotRun, kKilled, kNotDetached
};

class SchedulerLives {
 public:
  static constexpr std::size_t kMost = 1000;

  // The record says whose it is (SchedulerRecord::life): that of the last, or of a new one. kCorruptData otherwise, and
  // for more than kMost. An end within the teardown is what it was asked for, and left out.
  Status add(SchedulerRecord record, std::uint64_t time_ns, bool tearing_down);
  std::size_t size() const { return lives_.size(); }
  const SchedulerLife& operator[](std::size_t i) const { return lives_[i]; }
  // The last, which is the one that is judged; nothing is known of it where there is none.
  const SchedulerLife& last() const;
  SchedulerLife& last();

 private:
  std::vector<SchedulerLife> lives_;
};

}  // namespace ktstr
