// SPDX-License-Identifier: Apache-2.0
#include "payload/payload_child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <iterator>

#include "base/clock.h"
#include "base/system/oom_score.h"
#include "base/system/open_files.h"
#include "payload/captured_output.h"
#include "payload/wait_readable.h"

namespace ktstr {

namespace {

constexpr std::chrono::seconds kStartLimit{45};

struct ExecPlan {
  const char* program = nullptr;
  std::vector<char*> argv, environment;
  pid_t parent = 0;
  int cgroup_fd = -1;  // the directory to move into; -1: it is where it shall be
  int null_fd = -1, stdout_fd = -1, stderr_fd = -1;
  rlimit file_limit{};
};

// The set-up steps return false with errno set. They run in a copy of a process that may have had other threads:
// async-signal-safe calls only.

bool enter_cgroup(const ExecPlan& plan) {
  if (plan.cgroup_fd < 0) return true;
  const int procs = ::openat(plan.cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
  return procs >= 0 && ::write(procs, "0", 1) == 1;
}

bool lead_a_session(const ExecPlan&) { return ::setsid() >= 0; }

bool die_with_parent(const ExecPlan& plan) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return false;
  if (::getppid() != plan.parent) ::_exit(127);  // it died before we could ask
  return true;
}

bool reset_signals(const ExecPlan&) {
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  // Refused for SIGKILL, SIGSTOP and the two that the C library keeps to itself.
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &by_default, nullptr);
  sigset_t none;
  sigemptyset(&none);
  return ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
}

bool leave_oom_protection(const ExecPlan&) { return become_killable(); }

bool take_streams(const ExecPlan& plan) {
  return ::dup2(plan.null_fd, STDIN_FILENO) >= 0 && ::dup2(plan.stdout_fd, STDOUT_FILENO) >= 0 &&
         ::dup2(plan.stderr_fd, STDERR_FILENO) >= 0;
}

bool leave_our_files(const ExecPlan&) { return ::syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC) == 0; }

bool limit_files(const ExecPlan& plan) {
  restore_open_files();
  return ::setrlimit(RLIMIT_FSIZE, &plan.file_limit) == 0;
}

// The kernel takes those CPUs that there are and that the cpuset allows.
bool go_anywhere(const ExecPlan&) {
  cpu_set_t all;
  std::memset(&all, 0xff, sizeof all);
  return ::sched_setaffinity(0, sizeof all, &all) == 0;
}

// Last, since from here on the child runs only when the scheduler under test lets it.
bool become_ordinary(const ExecPlan&) {
  const sched_param none{};
  return ::sched_setscheduler(0, SCHED_OTHER, &none) == 0 && ::setpriority(PRIO_PROCESS, 0, 0) == 0;
}

bool exec(const ExecPlan& plan) {
  ::execve(plan.program, plan.argv.data(), plan.environment.data());
  return false;
}

constexpr struct {
  bool (*run)(const ExecPlan&);
  const char* what;
} kSteps[] = {{enter_cgroup, "enter its cgroup"},
              {lead_a_session, "lead a session of its own"},
              {die_with_parent, "ask to die with its parent"},
              {reset_signals, "reset its signals"},
              {leave_oom_protection, "leave the protection from the OOM killer"},
              {take_streams, "take its standard streams"},
              {leave_our_files, "leave inherited files"},
              {limit_files, "limit its files"},
              {go_anywhere, "be let go to any CPU"},
              {become_ordinary, "become SCHED_OTHER with nice 0"},
              {exec, "be executed"}};

struct Failure {
  int step = 0;
  int error = 0;
};

[[noreturn]] void child_main(const ExecPlan& plan, int report_fd) {
  for (std::size_t step = 0; step < std::size(kSteps); ++step) {
    if (kSteps[step].run(plan)) continue;
    const Failure failure{static_cast<int>(step), errno};
    if (::write(report_fd, &failure, sizeof failure) != sizeof failure) ::_exit(126);
    ::_exit(127);
  }
  ::_exit(127);
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> list;
  for (const std::string& word : words) list.push_back(const_cast<char*>(word.c_str()));
  list.push_back(nullptr);
  return list;
}

Result<StartedChild> clone_child(const PayloadChild& plan, const ExecPlan& exec_plan, int report_fd) {
  int pidfd = -1;
  clone_args args{};
  args.flags = CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  if (plan.cgroup_dir != nullptr && plan.cgroup_dir->valid() && !plan.moves_in) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(plan.cgroup_dir->get());
  }
  const long pid = ::syscall(SYS_clone3, &args, sizeof args);
  if (pid < 0) return fail_errno("cannot make a process for {}", plan.program.string());
  if (pid == 0) child_main(exec_plan, report_fd);
  return StartedChild{static_cast<pid_t>(pid), Fd(pidfd)};
}

void kill_and_reap(const StartedChild& child) {
  ::kill(child.pid, SIGKILL);
  while (::waitpid(child.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

// exec closes the pipe, and so does the child's death; a failure is written into it.
Status wait_for_exec(const Fd& report, const PayloadChild& plan) {
  KTSTR_TRY_ASSIGN(const bool reported, wait_readable(report, monotonic_now() + kStartLimit));
  if (!reported)
    return fail(ErrorCode::kTimedOut, "{} was not executed within {} s", plan.program.string(), kStartLimit.count())
        .with_hint("the scheduler gives its process no CPU, or the cgroup was frozen meanwhile");
  Failure failure;
  ssize_t got;
  do {
    got = ::read(report.get(), &failure, sizeof failure);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return fail_errno("cannot hear how {} started", plan.program.string());
  if (got != sizeof failure) return ok();
  auto error = Error::from_errno(failure.error, fmt::format("{} cannot {}", plan.program.string(),
                                                            kSteps[static_cast<std::size_t>(failure.step)].what));
  if (failure.error == ENOEXEC)
    error.with_hint("it is neither a program for this machine nor a script that begins with #!");
  else if (failure.error == ENOENT)
    error.with_hint("the interpreter that its #! line names, or its dynamic loader, is not there");
  return error;
}

}  // namespace

Result<StartedChild> start_payload_child(const PayloadChild& plan) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe");
  Fd read_end(ends[0]), write_end(ends[1]);
  KTSTR_TRY_ASSIGN(write_end, above_standard_fds(std::move(write_end)));
  KTSTR_TRY_ASSIGN(Fd null, open_file("/dev/null", O_RDONLY));
  KTSTR_TRY_ASSIGN(null, above_standard_fds(std::move(null)));
  ExecPlan exec_plan{.program = plan.program.c_str(),
                     .argv = pointers(plan.argv),
                     .environment = pointers(plan.environment),
                     .parent = ::getpid(),
                     .cgroup_fd = plan.moves_in && plan.cgroup_dir != nullptr ? plan.cgroup_dir->get() : -1,
                     .null_fd = null.get(),
                     .stdout_fd = plan.stdout_fd,
                     .stderr_fd = plan.stderr_fd};
  exec_plan.file_limit = {plan.file_limit, plan.file_limit};
  KTSTR_TRY_ASSIGN(StartedChild child, clone_child(plan, exec_plan, write_end.get()));
  write_end.reset();
  Status executed = wait_for_exec(read_end, plan);
  if (!executed) {
    kill_and_reap(child);
    return std::move(executed).error();
  }
  return child;
}

}  // namespace ktstr
