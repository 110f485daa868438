// SPDX-License-Identifier: Apache-2.0
//
// Who or what ended a BPF scheduler, and why, in the kernel's own words. When sched_ext disables a scheduler it prints
// (kernel/sched/ext.c, scx_disable_workfn and scx_exit_reason; kernel/sched/ext/ext.c since 7.x):
//
//   sched_ext: BPF scheduler "NAME" disabled (REASON)
//   sched_ext: NAME: MESSAGE                            only for errors, and only when there is a message
//
// with a backtrace after it. A line `BPF scheduler "NAME" enabled` after that is a scheduler that attached again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ktstr {

// enum scx_exit_kind, as far as the log shows it.
enum class EndedBy {
  kUserSpace,    // its program unregistered it, or ended
  kBpf,          // its BPF code: scx_bpf_exit()
  kHotplug,      // the main kernel: a CPU went online or offline, and the scheduler has no op for that
  kSysrq,        // sysrq-S
  kParent,       // the scheduler above it ended
  kWatchdog,     // a runnable task was not run in time
  kBpfError,     // its BPF code: scx_bpf_error()
  kKernelError,  // the kernel found an error of the scheduler
  kRefused,      // the kernel refused it before it made a scheduler of it
};
// Whether it is an exit by error; all others are orderly.
bool is_error(EndedBy by);

struct SchedulerExit {
  EndedBy by = EndedBy::kUserSpace;
  std::string ops;                    // "ktstr"
  std::string reason;                 // "runnable task stall", "unregistered from user space"
  std::string message;                // "worker[123] failed to run for 5.004s"; of several lines only the first
  bool was_enabled = false;           // before it ended
  bool attached_again = false;        // a scheduler of the same name was enabled after it
  double ended_s = -1, again_s = -1;  // the kernel's time of both, where lines have one ("[    3.123]"); -1: not known
};

// Takes the log line by line, in its order, with or without what the console ("[    3.123] "), /dev/kmsg
// ("3,12,345,-;") or syslog ("<3>") puts before it. Sub-schedulers are passed over: they end without ending the
// scheduler under test.
class SchedulerLog {
 public:
  void line(std::string_view text);
  const std::vector<SchedulerExit>& exits() const { return exits_; }
  bool was_enabled() const { return !enabled_ops_.empty(); }
  const std::string& enabled_ops() const { return enabled_ops_; }  // the first that was enabled; "" where none was

 private:
  void scheduler_line(std::string_view rest, double time_s);
  void take_message(std::string_view text);
  std::vector<SchedulerExit> exits_;
  std::string enabled_ops_;
  bool enabled_now_ = false;
  bool awaits_message_ = false;
};

struct KernelLogVerdict {
  enum class Kind {
    kNone,      // the log says nothing about a scheduler that ended
    kClean,     // no error: see EndedBy
    kCrashed,   // runtime error, scx_bpf_error
    kStalled,   // the watchdog: a runnable task was not run in time
    kRejected,  // an error before it was ever enabled: ops.init() failed, the kernel refused it
  };
  Kind kind = Kind::kNone;
  bool enabled = false;  // the log has the line that says so
  EndedBy by = EndedBy::kUserSpace;
  std::string ops, reason, message;  // of the exit that decides
  std::vector<SchedulerExit> exits;  // all of them
};
std::string_view to_string(KernelLogVerdict::Kind kind);  // "none", "clean", "crashed", "stalled", "rejected"

// The first exit by error decides; without one, the last exit. Start with the log of the attach, or a crash looks like
// a rejection.
KernelLogVerdict parse_scheduler_exit(const std::vector<std::string>& lines);

// The kernel prints no message of an orderly exit ("cpu 3 going offline"), but a scheduler's program does: "EXIT:
// REASON (MESSAGE)" in the kernel's tools, on 7.3 with " on CPU 1" after it, `reason="REASON" msg="MESSAGE"` in ours.
// Fills it in where it is missing.
void take_messages_from_output(const std::vector<std::string>& scheduler_output, std::vector<SchedulerExit>& exits);

}  // namespace ktstr
