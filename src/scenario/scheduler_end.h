// SPDX-License-Identifier: Apache-2.0
//
// The exit probe: how the kernel ended a sched_ext scheduler, from what it says in its log ("sched_ext: BPF scheduler
// "simple" disabled (...)", kernel/sched/ext.c).
#pragma once

#include <string_view>

#include "scenario/executor_hooks.h"

namespace ktstr {

// What one line of the log says: an error exit, an orderly one, or nothing.
SchedulerEnd scheduler_end_in(std::string_view line);

// Reads the kernel's log from where it stands when the probe is made.
class ExitProbe {
 public:
  // `log`: "/dev/kmsg". A log that cannot be read makes a probe that knows nothing.
  static ExitProbe open(const char* log);
  // The last end that was said since then.
  SchedulerEnd look();

 private:
  explicit ExitProbe(Fd log) : log_(std::move(log)) {}
  Fd log_;
  SchedulerEnd seen_ = SchedulerEnd::kUnknown;
};

}  // namespace ktstr
