// SPDX-License-Identifier: Apache-2.0
//
// What a payload leaves behind. Killing its process group is not enough: fio's jobs call setsid(2), daemons fork twice.
// Each payload therefore carries a mark in its environment, which every descendant inherits, and those that carry it
// are killed. A descendant that empties its environment and leaves the group escapes; the cgroup's end gets it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"

namespace ktstr {

// Processes below `proc` ("/proc") with `mark` ("NAME=value") in their environment, in the order of their pids.
Result<std::vector<int>> marked_processes(const fs::path& proc, std::string_view mark);

// SIGKILL to all of them, again until there are none (a fork may be under way), each waited for by pidfd. Those that
// are or become our own children are reaped. Gives how many there were; kTimedOut naming the pids at `deadline` of
// CLOCK_MONOTONIC.
Result<int> end_marked_processes(const fs::path& proc, std::string_view mark, Nanoseconds deadline);

}  // namespace ktstr
