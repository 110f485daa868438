// SPDX-License-Identifier: Apache-2.0
#include "runner/place/host_child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "host/host_body.h"
#include "runner/collector.h"
#include "wire/live_file.h"
#include "wire/record_pipe.h"

namespace ktstr {

namespace {

// An interrupt comes to any thread and wakes no poll of this one.
constexpr std::chrono::milliseconds kInterruptSeen{100};
constexpr std::size_t kMostOutput = std::size_t{256} << 10;  // as much as a guest logs at once (guest/pipe_log.h)

Result<Fd> memory_file(const char* name, std::string_view contents) {
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

// What is there now, or a part of it where somebody prints without pause. Of very much output the end is kept.
void drain(const Fd& pipe, std::string& text) {
  char buffer[65536];
  std::size_t all = 0;
  for (ssize_t got = 0; all < kMostOutput && (got = ::read(pipe.get(), buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > 2 * kMostOutput) text.erase(0, text.size() - kMostOutput);
    all += static_cast<std::size_t>(got);
  }
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line.substr(0, Collector::kMostLine + 1));
  return lines;
}

// What has come now.
Status take_records(const HostChild& child, RecordPipeReader& records) {
  for (;;) {
    const std::vector<Record> come = records.read();
    if (come.empty()) return records.sound();
    for (const Record& record : come) KTSTR_TRY(child.take(record));
  }
}

// Until its end, its limit, an interrupt, or a record that is not taken.
Result<HostChildEnd::Kind> follow(Subprocess& process, const HostChild& child, RecordPipeReader& records,
                                  const Fd& pipe, HostChildEnd& end, std::string& output) {
  const Nanoseconds deadline = monotonic_now() + child.limit;
  pollfd fds[] = {{process.pidfd().get(), POLLIN, 0}, {pipe.get(), POLLIN, 0}, {records.pipe().get(), POLLIN, 0}};
  for (;;) {
    for (pollfd& fd : fds) fd.revents = 0;
    if (::poll(fds, std::size(fds), static_cast<int>(kInterruptSeen.count())) < 0 && errno != EINTR)
      return fail_errno("cannot poll");
    drain(pipe, output);
    end.taken = take_records(child, records);
    if (!end.taken) return HostChildEnd::Kind::kNotTaken;
    if (fds[0].revents != 0) return HostChildEnd::Kind::kEnded;
    if (child.interrupted()) return HostChildEnd::Kind::kInterrupted;
    if (monotonic_now() >= deadline) return HostChildEnd::Kind::kTimedOut;
    // Else a writer that is gone would be reported again and again.
    for (pollfd& fd : fds)
      if ((fd.revents & (POLLHUP | POLLERR)) != 0 && (fd.revents & POLLIN) == 0) fd.fd = -1;
  }
}

}  // namespace

Result<HostChildEnd> run_host_child(const HostChild& child) {
  KTSTR_TRY_ASSIGN(const Fd job, memory_file("ktstr-job", child.job_json));
  KTSTR_TRY_ASSIGN(const LiveFile live, LiveFile::create());
  KTSTR_TRY_ASSIGN(Pipe said, Pipe::open());
  KTSTR_TRY_ASSIGN(Pipe pipe, Pipe::open());
  KTSTR_TRY_ASSIGN(Subprocess process,
                   Subprocess::start({.argv = child.argv,
                                      .env = {fmt::format("{}={}", kHostRecordsVariable, said.write_end.get()),
                                              fmt::format("{}={}", kHostLiveVariable, live.file().get()),
                                              fmt::format("{}={}", kHostJournalsVariable, child.journals.string())},
                                      .stdin_fd = job.get(),
                                      .stdout_fd = pipe.write_end.get(),
                                      .stderr_fd = pipe.write_end.get(),
                                      .inherit_fds = {said.write_end.get(), live.file().get()}}));
  pipe.write_end.reset();
  said.write_end.reset();
  RecordPipeReader records(std::move(said.read_end));
  HostChildEnd end;
  std::string output;
  const int pid = process.pid();
  const auto kind = follow(process, child, records, pipe.read_end, end, output);
  if (!kind || *kind != HostChildEnd::Kind::kEnded) process.kill();
  if (const auto exit = process.wait(); exit && *exit) end.exit = **exit;
  end.cpu_time = process.cpu_time();
  child.clean_up(pid);
  end.live = read_live_workers(live.head(), live.entries());
  if (!kind) return kind.error();
  end.kind = *kind;
  drain(pipe.read_end, output);
  if (end.taken) end.taken = take_records(child, records);
  end.output = lines_of(output);
  return end;
}

}  // namespace ktstr
