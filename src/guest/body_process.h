// SPDX-License-Identifier: Apache-2.0
//
// The test's body, as the agent sees it: a process that gets ready, says so, and runs when it is let go.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/system/process.h"
#include "guest/pipe_log.h"

namespace ktstr::guest {

class BodyProcess {
 public:
  static Result<BodyProcess> start(const std::vector<std::string>& argv);

  // Whether it has said that it is ready to run.
  bool is_ready();
  // Lets it run. It is told the scheduler's pid, 0 for none.
  Status go(int scheduler_pid);
  // Notes its end.
  bool has_ended();
  // Ends and reaps it.
  void kill() { process_.kill(); }
  const std::optional<ExitStatus>& exit() const { return exit_; }
  Status signal(int number) { return process_.signal(number); }

  int pid() const { return process_.pid(); }
  PipeLog& output() { return output_; }
  const Fd& pidfd() const { return process_.pidfd(); }
  // Readable when it is ready; -1 after that.
  int ready_fd() const { return ready_ ? -1 : channel_.get(); }

 private:
  BodyProcess(Subprocess process, PipeLog output, Fd channel)
      : process_(std::move(process)), output_(std::move(output)), channel_(std::move(channel)) {}
  Subprocess process_;
  PipeLog output_;
  Fd channel_;  // it says "r", we say the scheduler's pid and a newline
  bool ready_ = false;
  std::optional<ExitStatus> exit_;
};

}  // namespace ktstr::guest
