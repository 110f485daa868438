// SPDX-License-Identifier: Apache-2.0
//
// Why a BPF scheduler ended, in the kernel's own words. When sched_ext disables a scheduler it prints (kernel/sched/ext.c,
// scx_disable_workfn and scx_exit_reason; kernel/sched/ext/ext.c since 7.x):
//
//   sched_ext: BPF scheduler "NAME" disabled (REASON)
//   sched_ext: NAME: MESSAGE                            only for errors, and only when there is a message
//
// with a backtrace behind it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ktstr {

struct KernelLogVerdict {
  enum class Kind {
    kNone,      // the log says nothing about a scheduler that ended
    kClean,     // unregistered, or switched off by sysrq-S
    kCrashed,   // runtime error, scx_bpf_error
    kStalled,   // the watchdog: a runnable task was not run in time
    kRejected,  // an error before it was ever enabled: ops.init() failed, the kernel refused it
  };
  Kind kind = Kind::kNone;
  bool enabled = false;  // the log has the line that says so
  std::string ops;       // "ktstr"
  std::string reason;    // "runnable task stall", "unregistered from user space"
  std::string message;   // "worker[123] failed to run for 5.004s"; of several lines only the first
};
std::string_view to_string(KernelLogVerdict::Kind kind);  // "none", "clean", "crashed", "stalled", "rejected"

// The lines in their order, with or without what the console ("[    3.123] "), /dev/kmsg ("3,12,345,-;") or syslog ("<3>")
// puts before them. The first exit by error decides; without one, the last exit. Sub-schedulers are passed over: they
// end without ending the scheduler under test. Start with the log of the attach, or a crash looks like a rejection.
KernelLogVerdict parse_scheduler_exit(const std::vector<std::string>& lines);

}  // namespace ktstr
