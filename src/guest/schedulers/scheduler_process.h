// SPDX-License-Identifier: Apache-2.0
//
// The scheduler under test, as the agent sees it: a program that loads a sched_ext scheduler and stays. It may be a
// script that starts the real one. When its first process exits with status 0 and leaves others behind, the oldest of
// those is the scheduler from then on.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/system/process.h"
#include "guest/pipe_log.h"
#include "guest/processes/process_look.h"
#include "guest/schedulers/attach_gate.h"
#include "guest/schedulers/sched_ext_state.h"

namespace ktstr::guest {

class SchedulerProcess {
 public:
  // `life`: how many there were before it, and one (SchedulerRecord::life). `name`: see there.
  static Result<SchedulerProcess> start(const std::vector<std::string>& argv, std::uint32_t life, std::string name,
                                        RecordLog& log);
  // One that loads, and stops where it would attach (attach_gate.h). Nothing is reported of it before let_go(), which
  // is its start.
  static Result<SchedulerProcess> prepare(const std::vector<std::string>& argv);
  AttachGate* gate() { return gate_ ? &*gate_ : nullptr; }
  void let_go(std::uint32_t life, std::string name, RecordLog& log);

  int pid() const { return successor_ ? successor_->pid : process_.pid(); }
  const Fd& pidfd() const { return successor_ ? successor_->pidfd : process_.pidfd(); }
  PipeLog& output() { return output_; }
  // Whether the kernel says that a scheduler is loaded which was not before. The kernel says `enabled` a moment before
  // it counts (enable_seq), so both must have changed where it counts at all.
  bool is_attached(const SchedExtState& state) const {
    return state.state == "enabled" && (!counted_ || state.enable_seq != enable_seq_before_);
  }
  // Reports its end once, as soon as it has ended. `body`: its process, as long as it lives; without it nobody can be
  // told to be the scheduler's. `others`: processes that are neither's.
  using Others = std::function<std::vector<pid_t>()>;
  bool note_exit(RecordLog& log, std::optional<pid_t> body, const Others& others);
  bool has_ended() const { return ended_; }
  // The same of one that nothing is reported of yet.
  bool is_over() const;
  // Why it is not waited for any longer, in reports from now on.
  void give_up(std::string why) { exit_ = std::move(why); }
  // Writes how things stand. `body`: as of look_at_what_is_left(), for the kinds of an end.
  void report(RecordLog& log, SchedulerRecord::Kind kind, pid_t body = 0);
  // All of its processes while the body lives: what it starts need not stay in its group or session.
  std::vector<pid_t> processes(pid_t body) const;
  // To all programs of the guest: those that are left when the body has ended are the scheduler's.
  static Status signal_everybody(int number);
  // To its process and all that descend from it.
  void signal_family(int number) const;
  // Its process and those that descend from it.
  using Looks = std::map<pid_t, ProcessLook>;
  Looks look_at_family() const;
  // Whether one of them is runnable and has not been run since `before`.
  static bool was_not_run_since(const Looks& before);
  // Makes their threads SCHED_FIFO, so that they run whatever sched_ext scheduler is loaded.
  static void make_realtime(const Looks& family, int priority);
  // Its process, or when that has ended, the oldest program that is left, apart from `body` (0: it has ended) and its.
  ProcessLook look_at_what_is_left(pid_t body = 0) const;
  const std::string& exit() const { return exit_; }
  const std::string& name() const { return name_; }

 private:
  struct Successor {
    pid_t pid = 0;
    Fd pidfd;  // not valid where it could not be opened
  };
  // No value while it runs.
  Result<std::optional<ExitStatus>> poll_end();
  bool hand_over(RecordLog& log, const ExitStatus& status, pid_t body, const Others& others);
  static Result<SchedulerProcess> spawn(const std::vector<std::string>& argv, std::vector<int> inherit_fds = {});
  void begin(const SchedExtState& before, std::uint32_t life, std::string name, RecordLog& log);
  SchedulerProcess(Subprocess process, PipeLog output) : process_(std::move(process)), output_(std::move(output)) {}
  Subprocess process_;
  PipeLog output_;
  std::optional<AttachGate> gate_;
  std::uint32_t life_ = 0;
  std::string name_;
  bool counted_ = false;
  std::uint64_t enable_seq_before_ = 0;
  std::optional<Successor> successor_;
  bool ended_ = false;
  std::string exit_;
};

}  // namespace ktstr::guest
