// SPDX-License-Identifier: Apache-2.0
//
// The tasks of a history that are replayed, as the tasks of a Replay.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ktstr/work_types.h"
#include "replay/history.h"

namespace ktstr {

struct ReplayedTasks {
  std::vector<ReplayTask> tasks;
  std::vector<std::int32_t> pids;  // of each
  std::size_t waits = 0;           // sleeps that a task of these ends
  std::size_t timed = 0;           // ... that end by time: nobody knows who woke it, or that one is left out
  std::size_t out_of_range = 0;    // whose priority a worker cannot have, and is the next one
};

// Those of `chosen`, in that order, without those that did nothing. Times are rounded so that texts stay short, and
// what a rounding leaves over goes to the next phase of its kind. A last sleep is left out: the period is as long as
// the recording.
ReplayedTasks replayed_tasks_of(const History& history, const std::vector<std::int32_t>& chosen,
                                const std::unordered_map<std::int32_t, std::string>& names);

}  // namespace ktstr
