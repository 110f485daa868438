// SPDX-License-Identifier: Apache-2.0
//
// The scheduler under test, as the agent sees it: a program that loads a sched_ext scheduler and stays.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/process.h"
#include "guest/pipe_log.h"
#include "guest/process_look.h"
#include "guest/sched_ext_state.h"

namespace ktstr::guest {

class SchedulerProcess {
 public:
  static Result<SchedulerProcess> start(const std::vector<std::string>& argv, RecordLog& log);

  int pid() const { return process_.pid(); }
  const Fd& pidfd() const { return process_.pidfd(); }
  PipeLog& output() { return output_; }
  // Whether the kernel says that a scheduler is loaded which was not before. The kernel says `enabled` a moment before it
  // counts (enable_seq), so both must have changed where it counts at all.
  bool is_attached(const SchedExtState& state) const {
    return state.state == "enabled" && (!counted_ || state.enable_seq != enable_seq_before_);
  }
  // Reports its end once, as soon as it has ended.
  bool note_exit(RecordLog& log);
  bool has_ended() const { return ended_; }
  // Why it is not waited for any longer, in reports from now on.
  void give_up(std::string why) { exit_ = std::move(why); }
  // Writes how things stand.
  void report(RecordLog& log, SchedulerRecord::Kind kind);
  // To all of its process group: a script need not end in `exec`.
  Status signal(int number);
  // Whether it is runnable and has not been run since `before`.
  bool was_not_run_since(const ProcessLook& before) const;
  ProcessLook look() const { return look_at_process("/proc", process_.pid()); }
  // Makes its threads SCHED_FIFO, so that they run whatever sched_ext scheduler is loaded.
  void make_realtime(int priority) const;

 private:
  SchedulerProcess(Subprocess process, PipeLog output) : process_(std::move(process)), output_(std::move(output)) {}
  Subprocess process_;
  PipeLog output_;
  bool counted_ = false;
  std::uint64_t enable_seq_before_ = 0;
  bool ended_ = false;
  std::string exit_;
};

}  // namespace ktstr::guest
