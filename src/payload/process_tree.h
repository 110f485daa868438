// SPDX-License-Identifier: Apache-2.0
//
// All processes of a payload, so that all of them end. Its process group is not enough: fio's jobs call setsid(2),
// daemons fork twice and lose their parent. Nor is one property: stress-ng writes its titles over its environment. So a
// process is a payload's by any of four: it is in the first process's group, in its session, descends from it, or has
// the payload's mark, a variable, in its environment. One that escapes all of them is got by its cgroup's end.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"

namespace ktstr {

struct TreeProcess {
  int pid = 0;
  bool zombie = false;  // ended, and not yet reaped by its parent
  friend bool operator==(const TreeProcess&, const TreeProcess&) = default;
};

// Of the payload whose first process is `leader` and whose mark is `mark` ("NAME=value"), as `proc` ("/proc") has them,
// in the order of their pids; the leader is one of them.
Result<std::vector<TreeProcess>> payload_tree(const fs::path& proc, int leader, std::string_view mark);

// Ends them all: each is stopped first, until nobody is left who could fork (a signal that waits makes fork(2) start
// over), then killed and waited for by pidfd. Those that are or become our own children are reaped, except the leader,
// whose status the caller wants. kTimedOut naming a pid at `deadline` of CLOCK_MONOTONIC.
Status end_payload_tree(const fs::path& proc, int leader, std::string_view mark, Nanoseconds deadline);

}  // namespace ktstr
