// SPDX-License-Identifier: Apache-2.0
#include "base/system/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/clock.h"

namespace ktstr {

std::string ExitStatus::describe() const {
  if (kind == Kind::kExited) return fmt::format("exited with status {}", value);
  const char* name = sigabbrev_np(value);
  return fmt::format("killed by signal {} (SIG{})", value, name ? name : "?");
}

ExitStatus ExitStatus::from_wait(int wait_status) {
  if (WIFSIGNALED(wait_status)) return {Kind::kSignaled, WTERMSIG(wait_status)};
  return {Kind::kExited, WEXITSTATUS(wait_status)};
}

namespace {

// Everything the child does between fork and exec must be async-signal-safe, so all of it is prepared before.
struct ChildPlan {
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::vector<std::string> env_storage;
  std::string program;
};

Result<ChildPlan> make_plan(const Subprocess::Options& options) {
  if (options.argv.empty()) return fail(ErrorCode::kInvalidArgument, "no program to start");
  ChildPlan plan;
  plan.program = options.argv[0];
  if (plan.program.find('/') == std::string::npos) {
    KTSTR_TRY_ASSIGN(const fs::path found, find_program(plan.program));
    plan.program = found.string();
  }
  for (const auto& arg : options.argv) plan.argv.push_back(const_cast<char*>(arg.c_str()));
  plan.argv.push_back(nullptr);
  auto name_of = [](std::string_view entry) { return entry.substr(0, entry.find('=')); };
  if (!options.clear_env) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
      bool replaced = false;
      for (const auto& added : options.env) replaced |= name_of(added) == name_of(*entry);
      if (!replaced) plan.env_storage.emplace_back(*entry);
    }
  }
  for (auto entry = options.env.begin(); entry != options.env.end(); ++entry) {
    const bool replaced = std::any_of(std::next(entry), options.env.end(),
                                      [&](const std::string& later) { return name_of(later) == name_of(*entry); });
    if (!replaced) plan.env_storage.push_back(*entry);
  }
  for (auto& entry : plan.env_storage) plan.envp.push_back(entry.data());
  plan.envp.push_back(nullptr);
  return plan;
}

// Runs in the child; reports the failing errno through `error_pipe` (closed by exec on success).
[[noreturn]] void child(const Subprocess::Options& options, const ChildPlan& plan, pid_t parent, int error_pipe) {
  auto give_up = [&] {
    const int saved = errno;
    if (::write(error_pipe, &saved, sizeof saved) < 0) ::_exit(126);
    ::_exit(127);
  };
  if (options.new_process_group && ::setpgid(0, 0) != 0) give_up();
  if (options.die_with_parent) {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up();
    if (::getppid() != parent) ::_exit(127);  // it died before we could ask
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int ignored : {SIGPIPE, SIGXFSZ}) ::signal(ignored, SIG_DFL);  // else exec(2) hands that on
  const int null_fd = options.stdin_fd >= 0 ? options.stdin_fd : ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null_fd < 0 || ::dup2(null_fd, STDIN_FILENO) < 0) give_up();
  if (options.stdout_fd >= 0 && ::dup2(options.stdout_fd, STDOUT_FILENO) < 0) give_up();
  if (options.stderr_fd >= 0 && ::dup2(options.stderr_fd, STDERR_FILENO) < 0) give_up();
  for (const int fd : options.inherit_fds)
    if (::fcntl(fd, F_SETFD, 0) != 0) give_up();
  if (!options.working_dir.empty() && ::chdir(options.working_dir.c_str()) != 0) give_up();
  ::execve(plan.program.c_str(), plan.argv.data(), plan.envp.data());
  give_up();
  ::_exit(127);
}

}  // namespace

namespace {

// fork(2): EAGAIN is a limit of processes, of this user or of a cgroup.
Error no_process(Error error) {
  if (error.saved_errno() == EAGAIN)
    error.with_hint("no more processes may be made: see `ulimit -u` and pids.max of this cgroup");
  return error;
}

}  // namespace

Result<Subprocess> Subprocess::start(const Options& options) {
  KTSTR_TRY_ASSIGN(const ChildPlan plan, make_plan(options));
  int pipe_fds[2];
  if (::pipe2(pipe_fds, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe");
  Fd read_end(pipe_fds[0]), write_end(pipe_fds[1]);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return no_process(fail_errno("cannot fork for {}", plan.program));
  if (pid == 0) child(options, plan, parent, write_end.get());
  write_end.reset();
  Subprocess process(pid, Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))),
                     options.new_process_group && options.end_whole_group);
  if (!process.pidfd_.valid()) return fail_errno("cannot pidfd_open {}", plan.program);
  int child_errno = 0;
  ssize_t got;
  do {
    got = ::read(read_end.get(), &child_errno, sizeof child_errno);
  } while (got < 0 && errno == EINTR);
  if (got == sizeof child_errno) {
    process.kill();
    return Error::from_errno(child_errno, fmt::format("cannot start {}", plan.program));
  }
  return process;
}

Subprocess::Subprocess(Subprocess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      whole_group_(other.whole_group_),
      status_(other.status_),
      cpu_time_(other.cpu_time_) {}

Subprocess& Subprocess::operator=(Subprocess&& other) noexcept {
  if (this != &other) {
    kill();
    pid_ = std::exchange(other.pid_, -1);
    pidfd_ = std::move(other.pidfd_);
    whole_group_ = other.whole_group_;
    status_ = other.status_;
    cpu_time_ = other.cpu_time_;
  }
  return *this;
}

Subprocess::~Subprocess() { kill(); }

Result<std::optional<ExitStatus>> Subprocess::wait(std::optional<std::chrono::milliseconds> timeout) {
  if (status_) return status_;
  const Nanoseconds deadline = monotonic_now() + timeout.value_or(std::chrono::milliseconds(0));
  for (;;) {
    int wait_ms = -1;
    if (timeout) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - monotonic_now());
      wait_ms = static_cast<int>(std::max<std::int64_t>(0, left.count()));
    }
    pollfd poll_fd{pidfd_.get(), POLLIN, 0};
    const int ready = ::poll(&poll_fd, 1, wait_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return fail_errno("cannot poll the pidfd of process {}", pid_);
    if (ready == 0) return std::optional<ExitStatus>();
    end_group();
    if (!reap()) return fail_errno("cannot wait for process {}", pid_);
    return status_;
  }
}

Status Subprocess::signal(int number) {
  if (status_) return ok();
  if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0) != 0 && errno != ESRCH)
    return fail_errno("cannot send signal {} to process {}", number, pid_);
  return ok();
}

void Subprocess::end_group() const {
  if (whole_group_ && pid_ > 0) ::kill(-pid_, SIGKILL);
}

void Subprocess::kill() {
  if (pid_ < 0 || status_) return;
  ::kill(pid_, SIGKILL);
  end_group();
  if (!reap()) status_ = ExitStatus{};  // somebody else took it
}

bool Subprocess::reap() {
  int wait_status = 0;
  rusage used{};
  while (::wait4(pid_, &wait_status, 0, &used) < 0)
    if (errno != EINTR) return false;
  const auto time_of = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  cpu_time_ = time_of(used.ru_utime) + time_of(used.ru_stime);
  status_ = ExitStatus::from_wait(wait_status);
  return true;
}

Result<CapturedOutput> run_captured(Subprocess::Options options, std::chrono::milliseconds timeout) {
  struct Stream {
    Fd read_end, write_end;
    std::string text;
  } streams[2];
  for (auto& stream : streams) {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe");
    stream.read_end = Fd(fds[0]);
    stream.write_end = Fd(fds[1]);
  }
  options.stdout_fd = streams[0].write_end.get();
  options.stderr_fd = streams[1].write_end.get();
  KTSTR_TRY_ASSIGN(Subprocess process, Subprocess::start(options));
  for (auto& stream : streams) stream.write_end.reset();
  const Nanoseconds deadline = monotonic_now() + timeout;
  while (streams[0].read_end.valid() || streams[1].read_end.valid()) {
    pollfd fds[2] = {{streams[0].read_end.get(), POLLIN, 0}, {streams[1].read_end.get(), POLLIN, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - monotonic_now());
    if (left.count() <= 0)
      return fail(ErrorCode::kTimedOut, "{} did not end within {} ms", options.argv[0], timeout.count());
    const int ready = ::poll(fds, 2, static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) return fail_errno("cannot poll");
    if (ready <= 0) continue;
    for (int i = 0; i < 2; ++i) {
      if (fds[i].revents == 0) continue;
      char buffer[65536];
      const ssize_t got = ::read(streams[i].read_end.get(), buffer, sizeof buffer);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0)
        streams[i].read_end.reset();
      else
        streams[i].text.append(buffer, static_cast<std::size_t>(got));
    }
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - monotonic_now());
  KTSTR_TRY_ASSIGN(const auto status, process.wait(std::max(left, std::chrono::milliseconds(1))));
  if (!status) return fail(ErrorCode::kTimedOut, "{} did not end within {} ms", options.argv[0], timeout.count());
  return CapturedOutput{*status, std::move(streams[0].text), std::move(streams[1].text)};
}

Result<fs::path> find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path ? path : "/usr/sbin:/usr/bin:/sbin:/bin";
  while (!rest.empty()) {
    const std::string_view dir = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), dir.size() + 1));
    const fs::path candidate = fs::path(dir) / name;
    std::error_code error;
    if (!dir.empty() && fs::is_regular_file(candidate, error) && ::access(candidate.c_str(), X_OK) == 0)
      return candidate;
  }
  return fail(ErrorCode::kNotFound, "no program '{}' in PATH", name);
}

Result<fs::path> own_executable() {
  std::error_code error;
  fs::path path = fs::read_symlink("/proc/self/exe", error);
  if (error)
    return Error(ErrorCode::kUnsupported, Error::from_errno(error.value(), "cannot read /proc/self/exe").message())
        .with_hint("mount proc on /proc: mount -t proc proc /proc");
  return path;
}

}  // namespace ktstr
