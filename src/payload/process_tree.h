// SPDX-License-Identifier: Apache-2.0
//
// All processes of a payload, so that all of them end. Its process group is not enough: fio's jobs call setsid(2),
// daemons fork twice and lose their parent. Nor is one property: stress-ng writes its titles over its environment. So a
// process is a payload's by any of five: it is in the first process's group, in its session, descends from it, has the
// payload's mark, a variable, in its environment, or is an orphan that can only be its.
//
// Orphans of all payloads become children of the process that started them (PR_SET_CHILD_SUBREAPER). They are told from
// its own children by their session: nobody can enter a session, and the first process of a payload leads a new one. An
// orphan is a payload's if it began after it and after no other payload that still runs. One that may be either's ends
// with the last of them. So a child of ours that leads a session must not be made while a payload runs.
#pragma once

#include <cstdint>
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
  int group = 0, session = 0;
  std::uint64_t start = 0;  // in clock ticks after the boot: with the pid it names one process
  friend bool operator==(const TreeProcess&, const TreeProcess&) = default;
};

struct PayloadOrigin {
  int leader = 0;                // the first process, not reaped yet
  std::string_view mark;         // "NAME=value"
  int reaper = 0;                // whose children its orphans become; 0: nobody looks for them
  std::vector<int> others = {};  // leaders of the payloads that run beside it
};

// As `proc` ("/proc") has them, in the order of their pids; the leader is one of them.
Result<std::vector<TreeProcess>> payload_tree(const fs::path& proc, const PayloadOrigin& origin);

// Ends them all, however many they are: each is stopped first, until nobody is left who could fork, then killed and
// waited for, few at a time. A group of theirs is stopped as a whole, which no fork(2) in it escapes (a signal that
// waits makes it start over); so a fork bomb ends. At most 64 file descriptors are open meanwhile. Those that are or
// become our own children are reaped, except the leader, whose status the caller wants. kTimedOut naming a pid at
// `deadline` of CLOCK_MONOTONIC.
Status end_payload_tree(const fs::path& proc, const PayloadOrigin& origin, Nanoseconds deadline);

}  // namespace ktstr
