// SPDX-License-Identifier: Apache-2.0
#include "cli/host_child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "host/host_body.h"

namespace ktstr::cli {

namespace {

// An interrupt comes to any thread and wakes no poll of this one.
constexpr std::chrono::milliseconds kInterruptSeen{100};
constexpr std::size_t kMostOutput = std::size_t{4} << 20;

Result<Fd> memory_file(const char* name, std::string_view contents = {}) {
  Fd fd(::memfd_create(name, MFD_CLOEXEC));
  if (!fd.valid()) return fail_errno("cannot make a file in memory");
  KTSTR_TRY(write_all(fd.get(), as_byte_span(contents)));
  return fd;
}

struct Pipe {
  Fd read_end, write_end;
  static Result<Pipe> open() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe");
    Pipe pipe{Fd(fds[0]), Fd(fds[1])};
    if (::fcntl(pipe.read_end.get(), F_SETFL, O_NONBLOCK) != 0) return fail_errno("cannot make a pipe non-blocking");
    return pipe;
  }
};

// What is there now. Of very much output the end is kept.
void drain(const Fd& pipe, std::string& text) {
  char buffer[65536];
  for (ssize_t got; (got = ::read(pipe.get(), buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > 2 * kMostOutput) text.erase(0, text.size() - kMostOutput);
  }
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Until its end, its limit, or an interrupt.
Result<HostChildEnd::Kind> follow(Subprocess& process, const HostChild& child, const Fd& pipe, std::string& output) {
  const Nanoseconds deadline = monotonic_now() + child.limit;
  for (;;) {
    pollfd fds[2] = {{process.pidfd().get(), POLLIN, 0}, {pipe.get(), POLLIN, 0}};
    // A writer that is gone would be reported again and again.
    if (::poll(fds, 2, static_cast<int>(kInterruptSeen.count())) < 0 && errno != EINTR)
      return fail_errno("cannot poll");
    drain(pipe, output);
    if (fds[0].revents != 0) return HostChildEnd::Kind::kEnded;
    if (child.interrupted()) return HostChildEnd::Kind::kInterrupted;
    if (monotonic_now() >= deadline) return HostChildEnd::Kind::kTimedOut;
  }
}

}  // namespace

Result<HostChildEnd> run_host_child(const HostChild& child) {
  KTSTR_TRY_ASSIGN(const Fd job, memory_file("ktstr-job", child.job_json));
  KTSTR_TRY_ASSIGN(const Fd result, memory_file("ktstr-result"));
  KTSTR_TRY_ASSIGN(Pipe pipe, Pipe::open());
  KTSTR_TRY_ASSIGN(Subprocess process,
                   Subprocess::start({.argv = child.argv,
                                      .env = {fmt::format("{}={}", kHostResultVariable, result.get()),
                                              fmt::format("{}={}", kHostJournalsVariable, child.journals.string())},
                                      .stdin_fd = job.get(),
                                      .stdout_fd = pipe.write_end.get(),
                                      .stderr_fd = pipe.write_end.get(),
                                      .inherit_fds = {result.get()}}));
  pipe.write_end.reset();
  HostChildEnd end;
  std::string output;
  const int pid = process.pid();
  auto kind = follow(process, child, pipe.read_end, output);
  if (kind && *kind == HostChildEnd::Kind::kEnded) {
    if (const auto exit = process.wait(); exit && *exit) end.exit = **exit;
  } else {
    process.kill();
  }
  child.clean_up(pid);
  if (!kind) return std::move(kind).error();
  end.kind = *kind;
  drain(pipe.read_end, output);
  end.output = lines_of(output);
  KTSTR_TRY_ASSIGN(end.result, read_text(fmt::format("/proc/self/fd/{}", result.get())));
  return end;
}

}  // namespace ktstr::cli
