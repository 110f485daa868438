// SPDX-License-Identifier: Apache-2.0
//
// Moving processes into a group: what the kernel asks of the group beforehand, and what becomes of single processes
// that end or resist meanwhile.
#pragma once

#include <chrono>
#include <functional>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace ktstr {

// The kernel answers EBUSY while something else migrates; it is asked this many times more.
constexpr int kMoveRetries = 3;
constexpr std::chrono::milliseconds kMovePause{100};

struct MoveCalls {
  std::function<Status(int pid)> move;                  // one write to cgroup.procs
  std::function<void(std::chrono::nanoseconds)> pause;  // on CLOCK_MONOTONIC, which in a guest is guest time
};

// Moves all of `pids`. One that is gone (ESRCH) is passed over; kNotFound when all are. EBUSY is tried again, kBusy
// with the way out after that. At any other error the processes after it stay where they are, and the message says how
// many were moved.
Status move_each(const std::vector<int>& pids, const MoveCalls& calls);

// Refuses a group without effective CPUs or memory nodes (kInvalidArgument: nothing could run in it), and clears its
// cgroup.subtree_control, as a group that passes controllers on may have no processes. Children that it has lose their
// limits by that, which is warned of; kBusy where the kernel refuses because they pass controllers on themselves.
// `where` names the group: "cgroup cg_0".
Status prepare_for_processes(const Fd& group, std::string_view where);

}  // namespace ktstr
