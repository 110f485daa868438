// SPDX-License-Identifier: Apache-2.0
//
// The exit probe: how the kernel ended a sched_ext scheduler, from what it says in its log (sched_ext/exit_reason.h).
#pragma once

#include "scenario/executor_hooks.h"
#include "sched_ext/exit_reason.h"

namespace ktstr {

// Reads the kernel's log from where it stands when the probe is made.
class ExitProbe {
 public:
  // `log`: "/dev/kmsg". A log that cannot be read makes a probe that knows nothing.
  static ExitProbe open(const char* log);
  // The last end that was said since then.
  SchedulerEnd look();

 private:
  explicit ExitProbe(Fd log) : log_(std::move(log)) {}
  void read_on();
  Fd log_;
  SchedulerLog log_seen_;
};

}  // namespace ktstr
