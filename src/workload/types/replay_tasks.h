// SPDX-License-Identifier: Apache-2.0
//
// The tasks of a Replay as text, and whether what they do can repeat.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ktstr/work_types.h"

namespace ktstr {

// Of one task: "name:ui+nice:-5+fifo:10+run:1ms+wake:1+sleep:3ms+wait"; what it is comes before what it does. '|'
// stands between tasks. kInvalidArgument names the task and the phase, both from 0.
Result<std::vector<ReplayTask>> read_replay_tasks(std::string_view text);
// The same text; read_replay_tasks() gives the same tasks of it.
std::string show_replay_tasks(const std::vector<ReplayTask>& tasks);

// kInvalidArgument with the reason for what cannot be had, or not over and over: a task that is not there, a wait
// without a wake-up for it or the other way, tasks that wait for each other, nothing that takes time.
Status check_replay(const Replay& replay);

}  // namespace ktstr
