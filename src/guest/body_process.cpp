// SPDX-License-Identifier: Apache-2.0
#include "guest/body_process.h"

#include "guest/agent_channel.h"
#include "guest/body.h"

namespace ktstr::guest {

Result<BodyProcess> BodyProcess::start(const std::vector<std::string>& argv) {
  KTSTR_TRY_ASSIGN(auto ends, open_agent_channel());
  const Fd theirs = std::move(ends.second);
  KTSTR_TRY_ASSIGN(PipeLog output, PipeLog::create(LogRecord::Stream::kBody));
  KTSTR_TRY_ASSIGN(Subprocess process, Subprocess::start({.argv = argv,
                                                          .env = {fmt::format("{}={}", kAgentFdVariable, theirs.get())},
                                                          .stdout_fd = output.write_fd(),
                                                          .stderr_fd = output.write_fd(),
                                                          .inherit_fds = {theirs.get()},
                                                          .working_dir = "/"}));
  output.close_write_end();
  return BodyProcess(std::move(process), std::move(output), std::move(ends.first));
}

// One message: who sends many does not keep the agent from all else. A closed end stays readable, and whoever waits for
// that at the highest priority lets nobody else run: so it is not waited for any more.
Status BodyProcess::serve(const RequestHandlers& handlers) {
  if (!channel_.valid()) return ok();
  auto request = take_request(channel_);
  if (request && !*request) return ok();
  if (request && (*request)->kind == RequestKind::kRun && !ready_) {
    ready_ = true;
    return ok();
  }
  const Status served =
      request ? send_reply(channel_, handlers.answer((*request)->kind, (*request)->bytes, kMostAgentReply))
              : Status(std::move(request).error());
  if (!served) channel_.reset();
  return !served && served.error().code() == ErrorCode::kCancelled ? ok() : served;
}

Status BodyProcess::go(int scheduler_pid) {
  return send_reply(channel_, {true, encode_request(request::SchedulerPid{scheduler_pid})}).context("let the body go");
}

bool BodyProcess::has_ended() {
  if (exit_) return true;
  if (auto status = process_.wait(std::chrono::milliseconds(0)); status && *status) exit_ = **status;
  return exit_.has_value();
}

}  // namespace ktstr::guest
