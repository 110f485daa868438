// SPDX-License-Identifier: Apache-2.0
//
// cgroup.events: "populated" and "frozen" of a group, and the kernel's word when they change
// (Documentation/admin-guide/cgroup-v2.rst). Nothing here looks again and again.
#pragma once

#include <chrono>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace ktstr {

class EventsWatch {
 public:
  // What changes from now on wakes wait().
  static Result<EventsWatch> on(const Fd& group);
  // Until a change, or for `at_most` of CLOCK_MONOTONIC.
  void wait(std::chrono::nanoseconds at_most);

 private:
  explicit EventsWatch(Fd inotify) : inotify_(std::move(inotify)) {}
  Fd inotify_;
};

// Whether cgroup.events has the line "KEY 1". kNotFound for a group without the file, as the root of the hierarchy is.
Result<bool> read_event(const Fd& group, std::string_view key);

// Returns once "KEY 1" (or "KEY 0") stands there; kTimedOut when that took longer than `timeout` of CLOCK_MONOTONIC.
Status await_event(const Fd& group, std::string_view key, bool value, std::chrono::nanoseconds timeout);

}  // namespace ktstr
