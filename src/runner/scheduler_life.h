// SPDX-License-Identifier: Apache-2.0
//
// What was seen of a scheduler from the start of its program to what became of it. A guest may start several, one
// after another.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "wire/records.h"

namespace ktstr {

struct SchedulerLife {
  std::string name;                             // as the op has it that started it; "" for the first
  std::optional<SchedulerRecord> attached;      // kAttached
  std::optional<SchedulerRecord> not_attached;  // kNotAttached
  std::optional<SchedulerRecord> checked;       // when the body had ended, or when an op asked it to end
  std::optional<SchedulerRecord> exited;        // by itself, before the teardown
  std::optional<SchedulerRecord> ended;         // by us: an op asked for it, or waited in vain
  bool asked = false;                           // by an op, to end
  std::uint64_t attached_ns = 0, asked_ns = 0, exited_ns = 0;
  // Of its end: kNotRun, kKilled, kNotDetached.
  std::optional<SchedulerRecord> not_run, killed, not_detached;
  // Its parts of the logs; `to`: where it is over before them.
  struct Part {
    std::size_t from = 0;
    std::optional<std::size_t> to;
  };
  Part output, kernel_log;
};

// How many lines the logs had at a moment: of the schedulers' output, and the kernel's.
struct LogLines {
  std::size_t output = 0, kernel_log = 0;
};

class SchedulerLives {
 public:
  static constexpr std::size_t kMost = 1000;

  // The record says whose it is (SchedulerRecord::life): that of one that there is, or of a new one. kCorruptData
  // otherwise, and for more than kMost. An end within the teardown is what it was asked for, and left out.
  Status add(SchedulerRecord record, std::uint64_t time_ns, bool tearing_down, LogLines lines = {});
  std::size_t size() const { return lives_.size(); }
  const SchedulerLife& operator[](std::size_t i) const { return lives_[i]; }
  // Nothing is known of it where there is none.
  const SchedulerLife& last() const;
  SchedulerLife& last();

 private:
  std::vector<SchedulerLife> lives_;
};

}  // namespace ktstr
