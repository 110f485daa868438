// SPDX-License-Identifier: Apache-2.0
//
// What each task did, one after the other, in a part of a recording.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "replay/recording.h"

namespace ktstr {

struct HistoryPhase {
  enum class Kind : std::uint8_t {
    kRun,    // had CPUs for `ns`, in one go or several
    kSleep,  // for `ns`; who woke it is not known, or was no task
    kWake,   // woke `other`, which has a kWait for it
    kWait,   // slept for `ns`, until `other` woke it
  };
  Kind kind = Kind::kRun;
  std::int32_t other = kNobodyKnown;
  std::uint64_t ns = 0;
  bool operator==(const HistoryPhase&) const = default;
};

struct TaskHistory {
  std::int32_t pid = 0;
  std::int32_t priority = kNoPriority;  // the lowest that it had: above that somebody has lent it his
  std::uint64_t ran_ns = 0, wakeups = 0;
  std::vector<HistoryPhase> phases;
};

struct History {
  std::uint64_t from_ns = 0, to_ns = 0;
  std::map<std::int32_t, TaskHistory> tasks;  // without the idle ones
  std::uint64_t holes = 0;                    // tasks that ran without having come, or have gone without having left
};

// Of what happened between these two times. A task that is heard of first when it gets a CPU was runnable until then;
// in a recording without wake-ups it has slept.
History history_of(const Recording& recording, std::uint64_t from_ns, std::uint64_t to_ns);

}  // namespace ktstr
