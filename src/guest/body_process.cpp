// SPDX-License-Identifier: Apache-2.0
#include "guest/body_process.h"

#include <poll.h>
#include <sys/socket.h>

#include "base/file.h"
#include "guest/body.h"

namespace ktstr::guest {

Result<BodyProcess> BodyProcess::start(const std::vector<std::string>& argv) {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) return fail_errno("cannot make a socket pair");
  Fd ours(fds[0]);
  const Fd theirs(fds[1]);
  KTSTR_TRY_ASSIGN(PipeLog output, PipeLog::create(LogRecord::Stream::kBody));
  KTSTR_TRY_ASSIGN(Subprocess process, Subprocess::start({.argv = argv,
                                                          .env = {fmt::format("{}={}", kAgentFdVariable, theirs.get())},
                                                          .stdout_fd = output.write_fd(),
                                                          .stderr_fd = output.write_fd(),
                                                          .inherit_fds = {theirs.get()},
                                                          .working_dir = "/"}));
  output.close_write_end();
  return BodyProcess(std::move(process), std::move(output), std::move(ours));
}

bool BodyProcess::is_ready() {
  char said;
  pollfd fd{ready_fd(), POLLIN, 0};
  if (!ready_ && ::poll(&fd, 1, 0) > 0) ready_ = ::read(channel_.get(), &said, 1) == 1;
  return ready_;
}

Status BodyProcess::go(int scheduler_pid) {
  return write_all(channel_.get(), as_byte_span(fmt::format("{}\n", scheduler_pid))).context("let the body go");
}

bool BodyProcess::has_ended() {
  if (exit_) return true;
  if (auto status = process_.wait(std::chrono::milliseconds(0)); status && *status) exit_ = **status;
  return exit_.has_value();
}

}  // namespace ktstr::guest
