// SPDX-License-Identifier: Apache-2.0
//
// The test's body, as the agent sees it: a process that gets ready, says so, runs when it is let go, and asks the agent
// for what only the agent knows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/system/process.h"
#include "guest/pipe_log.h"
#include "wire/request.h"

namespace ktstr::guest {

class BodyProcess {
 public:
  static Result<BodyProcess> start(const std::vector<std::string>& argv);

  // Answers one thing that it has asked. That it is ready (request::Run) is answered by go().
  Status serve(const RequestHandlers& handlers);
  bool is_ready() const { return ready_; }
  // Lets it run. It gets the scheduler's pid, 0 for none.
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
  // Readable when it asks something; -1 when it cannot any more.
  int request_fd() const { return channel_.get(); }

 private:
  BodyProcess(Subprocess process, PipeLog output, Fd channel)
      : process_(std::move(process)), output_(std::move(output)), channel_(std::move(channel)) {}
  Subprocess process_;
  PipeLog output_;
  Fd channel_;
  bool ready_ = false;
  std::optional<ExitStatus> exit_;
};

}  // namespace ktstr::guest
