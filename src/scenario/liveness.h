// SPDX-License-Identifier: Apache-2.0
//
// Waiting while a scheduler lives. A SchedulerWatch holds a pidfd of the scheduler's process, a timer and an epoll set
// of both, so that a hold ends the moment the process does and no pid can be mistaken for a later process of that
// number. Nothing polls: a system call that refuses is an Error, never a reason to fall back to looking now and then.
//
// A process may end and leave its scheduler to another (a script that starts it and exits). Whoever can tell is asked
// then, and that other process is not watched: the agent sees its end.
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace ktstr {

enum class HoldEnd { kTimeOver, kSchedulerGone };

class SchedulerWatch {
 public:
  // `pid` 0: there is no scheduler to watch, holds only wait. A pid that no longer exists is a scheduler that is gone.
  // `still_loaded`: asked once, when the process has ended.
  static Result<SchedulerWatch> open(int pid, std::function<bool()> still_loaded = {});

  // Looks once, without waiting. A zombie is gone.
  Result<bool> alive() const;
  // Waits until `deadline` (CLOCK_MONOTONIC) or the scheduler's end, whichever comes first; looks once more at the
  // deadline. A deadline that is over only looks.
  Result<HoldEnd> hold_until(Nanoseconds deadline) const;

 private:
  SchedulerWatch(int pid, bool was_gone) : pid_(pid), was_gone_(was_gone) {}
  bool lives_on() const { return still_loaded_ && still_loaded_(); }
  Result<int> wait_for_events(int timeout_ms) const;

  int pid_;
  bool was_gone_;
  std::function<bool()> still_loaded_;
  Fd pidfd_;
  Fd timer_;
  Fd epoll_;
};

}  // namespace ktstr
