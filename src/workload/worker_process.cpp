// SPDX-License-Identifier: Apache-2.0
#include "workload/worker_process.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "workload/task/task_sched.h"
#include "workload/worker_life.h"
#include "workload/worker_setup.h"
#include "workload/worker_threads.h"

namespace ktstr {

namespace {

[[noreturn]] void worker_main(const WorkerPlan& plan, pid_t parent) {
  set_up(plan);
  if (::getppid() != parent) ::_exit(1);  // it died before PR_SET_PDEATHSIG
  live_worker(plan);
  ::_exit(0);
}

[[noreturn]] void leader_main(const WorkerPlan& plan, pid_t parent) {
  set_up(plan);
  if (::getppid() != parent) ::_exit(1);
  tell_ready(plan, WorkerSlot::kReady);
  plan.threads->join();
  ::_exit(0);
}

Error cannot_start(const WorkerPlan& plan) {
  Error error = fail_errno("cannot start {}", plan.task());
  if (error.saved_errno() == EAGAIN)
    error.with_hint(
        "a limit on tasks is reached: pids_max of the cgroup or of one above it, or kernel.threads-max, which follows "
        "the "
        "guest's memory (`memory`)");
  return error;
}

}  // namespace

Result<WorkerProcess> start_worker(const WorkerPlan& plan) {
  int pidfd = -1;
  clone_args args{};
  args.flags = CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  if (plan.cgroup_dir != nullptr && plan.cgroup_dir->valid() && !plan.moves_in) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(plan.cgroup_dir->get());
  }
  const pid_t parent = ::getpid();
  const long pid = ::syscall(SYS_clone3, &args, sizeof args);
  if (pid < 0) return cannot_start(plan);
  if (pid == 0) worker_main(plan, parent);
  return WorkerProcess{static_cast<pid_t>(pid), Fd(pidfd)};
}

// fork() and not clone3: it leaves the C library in a state in which the child can start threads, whatever other
// threads of ours were at (malloc's locks, those of the list of stacks).
Result<WorkerProcess> start_leader(const WorkerPlan& plan) {
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return cannot_start(plan);
  if (pid == 0) leader_main(plan, parent);
  const auto pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (pidfd >= 0) return WorkerProcess{pid, Fd(pidfd)};
  const Error error = fail_errno("cannot open a pidfd for {}", plan.task());
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  return error;
}

Status hand_over(const WorkerPlan& plan, pid_t tid) {
  const std::string task = plan.task();
  if (!plan.affinity.empty())
    KTSTR_TRY(set_task_affinity(tid, plan.affinity, task));
  else if (plan.birth_cpu >= 0)
    KTSTR_TRY(reset_task_affinity(tid, task));
  if (plan.nice) KTSTR_TRY(set_task_nice(tid, *plan.nice, task));
  KTSTR_TRY(set_task_policy(tid, plan.policy, task));
  if (plan.slice) KTSTR_TRY(set_task_slice(tid, *plan.slice, task));
  return set_task_uclamp(tid, plan.uclamp_min, plan.uclamp_max, task);
}

}  // namespace ktstr
