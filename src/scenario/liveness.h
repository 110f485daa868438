// SPDX-License-Identifier: Apache-2.0
//
// Waiting while a scheduler lives. A SchedulerWatch holds a pidfd of the scheduler's process, a timer and an epoll set
// of both, so that a hold ends the moment the process does and no pid can be mistaken for a later process of that
// number. Nothing polls: a system call that refuses is an Error, never a reason to fall back to looking now and then.
//
// A process may end and leave its scheduler to another (a script that starts it and exits). Whoever can tell is asked
// then, and that other process is watched from then on.
#pragma once

#include <functional>
#include <optional>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace ktstr {

enum class HoldEnd { kTimeOver, kSchedulerGone };

class SchedulerWatch {
 public:
  // `pid` 0: there is no scheduler to watch, holds only wait. A pid that no longer exists is a scheduler that is gone.
  // `successor` is asked when the process has ended: the process that has the scheduler now; 0: it is loaded, and
  // nobody knows whose it is; empty: it is gone.
  using Successor = std::function<Result<std::optional<int>>()>;
  static Result<SchedulerWatch> open(int pid, Successor successor = {});

  // Looks once, without waiting. A zombie is gone.
  Result<bool> alive();
  // Waits until `deadline` (CLOCK_MONOTONIC) or the scheduler's end, whichever comes first; looks once more at the
  // deadline. A deadline that is over only looks.
  Result<HoldEnd> hold_until(Nanoseconds deadline);

 private:
  SchedulerWatch(int pid, bool was_gone) : pid_(pid), was_gone_(was_gone) {}
  // Watches the successor. False: there is none.
  Result<bool> follow_successor();
  Status watch_process(int pid);
  Result<int> wait_for_events(int timeout_ms) const;

  int pid_;
  bool was_gone_;
  Successor successor_;
  Fd pidfd_;
  Fd timer_;
  Fd epoll_;
};

}  // namespace ktstr
