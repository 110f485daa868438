// SPDX-License-Identifier: Apache-2.0
#include "workload/worker_process.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>

#include "base/clock.h"
#include "workload/schedstat.h"
#include "workload/task_sched.h"
#include "workload/work_types.h"
#include "workload/worker_run.h"

namespace ktstr {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

// The set-up steps return false with errno set. They run between clone3 and _exit in a copy of a process that may have
// had other threads: async-signal-safe calls only.

bool die_with_parent(const WorkerPlan&) { return ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0; }

// The system call itself: the C library's function keeps its hands on two signals, whose handlers it has installed as
// soon as the process we are a copy of has had a second thread.
bool reset_signals(const WorkerPlan&) {
  constexpr std::size_t kSetSize = 8;
  // The kernel's struct sigaction: handler, flags, restorer, mask. All zero is SIG_DFL.
  const unsigned long by_default[3 + kSetSize / sizeof(unsigned long)] = {};
  for (int number = 1; number < NSIG; ++number)
    // Refused for SIGKILL and SIGSTOP.
    ::syscall(SYS_rt_sigaction, number, by_default, nullptr, kSetSize);
  sigset_t none;
  sigemptyset(&none);
  return ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
}

bool set_comm(const WorkerPlan& plan) { return ::prctl(PR_SET_NAME, plan.comm.c_str()) == 0; }

// Fails for a CPU that is not there (any more): the worker is born elsewhere then.
bool go_to_start_cpus(const WorkerPlan& plan) {
  if (!plan.start_cpus.empty()) plan.start_cpus.apply(0);
  return true;
}

bool set_memory_policy(const WorkerPlan& plan) { return plan.memory.apply(); }

// A worker that cannot die for want of a CPU must not hold a pipe or a lock of ours open meanwhile.
bool close_files(const WorkerPlan& plan) {
  const auto keep = static_cast<unsigned>(plan.ready_eventfd);
  if (keep > 3) ::syscall(SYS_close_range, 3u, keep - 1, 0);
  ::syscall(SYS_close_range, keep + 1, ~0u, 0);
  return true;
}

// The first touches of the slot must not be page faults in the middle of the run; older kernels than 5.14 refuse, and
// have them there.
bool touch_memory(const WorkerPlan& plan) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto first = reinterpret_cast<std::uintptr_t>(plan.slot) & ~(page - 1);
  const auto end = reinterpret_cast<std::uintptr_t>(plan.slot + 1);
  ::madvise(reinterpret_cast<void*>(first), end - first, MADV_POPULATE_WRITE);
  return true;
}

// The system calls themselves: the C library's functions would have all threads of the process follow, and its list is
// that of the process we are a copy of.
bool set_gid(const WorkerPlan& plan) {
  return !plan.gid || ::syscall(SYS_setresgid, *plan.gid, *plan.gid, *plan.gid) == 0;
}
bool set_uid(const WorkerPlan& plan) {
  return !plan.uid || ::syscall(SYS_setresuid, *plan.uid, *plan.uid, *plan.uid) == 0;
}

bool ids_hold(const WorkerPlan& plan) {
  std::uint32_t real = 0, effective = 0, saved = 0;
  const auto all_are = [&](std::uint32_t id) { return real == id && effective == id && saved == id; };
  if (plan.uid && (::syscall(SYS_getresuid, &real, &effective, &saved) != 0 || !all_are(*plan.uid))) return false;
  return !plan.gid || (::syscall(SYS_getresgid, &real, &effective, &saved) == 0 && all_are(*plan.gid));
}

bool comm_holds(const WorkerPlan& plan) {
  char comm[16] = {};
  return ::prctl(PR_GET_NAME, comm) == 0 && plan.comm == std::string_view(comm);
}

bool read_back(const WorkerPlan& plan) {
  errno = EIO;
  return comm_holds(plan) && ids_hold(plan) && plan.memory.holds();
}

Error explain_ids(Error error, const WorkerPlan&) {
  if (error.code() == ErrorCode::kPermission)
    error.with_hint("another uid or gid takes CAP_SETUID, CAP_SETGID: run as root");
  return error;
}

// Ids after everything that takes a privilege. With them the kernel forgets that the worker dies with its parent
// (prctl(2), PR_SET_PDEATHSIG), so that is said after them.
constexpr struct {
  bool (*run)(const WorkerPlan&);
  const char* what;
  Error (*explain)(Error error, const WorkerPlan& plan) = nullptr;
} kSetup[] = {
    {reset_signals, "reset its signals"},
    {set_comm, "set its name"},
    {go_to_start_cpus, "go to the CPU where it is to start"},
    {set_memory_policy, "set its memory policy",
     [](Error error, const WorkerPlan& plan) { return explain_memory_refusal(std::move(error), plan.mem_policy); }},
    {close_files, "close inherited files"},
    {touch_memory, "touch its shared memory"},
    {set_gid, "set its gid", explain_ids},
    {set_uid, "set its uid", explain_ids},
    {die_with_parent, "ask to die with its parent"},
    {read_back, "find its name, ids and memory policy as it has set them"}};

void tell_ready(const WorkerPlan& plan, WorkerSlot::State state) {
  plan.slot->state.store(state);
  const std::uint64_t one = 1;
  // Cannot fill up: the counter takes 2^64 - 2.
  if (::write(plan.ready_eventfd, &one, sizeof one) != sizeof one) ::_exit(1);
}

void set_up(const WorkerPlan& plan) {
  for (std::size_t step = 0; step < std::size(kSetup); ++step) {
    if (kSetup[step].run(plan)) continue;
    plan.slot->setup_errno.store(errno);
    plan.slot->setup_step.store(static_cast<int>(step));
    tell_ready(plan, WorkerSlot::kSetupFailed);
    ::_exit(1);
  }
}

std::uint64_t own_cpu_time_ns() { return static_cast<std::uint64_t>(clock_now(CLOCK_THREAD_CPUTIME_ID).count()); }

// Taken at the barrier, so that the wait for the first CPU after the release counts.
struct Baseline {
  std::uint64_t cpu_time_ns = 0;
  Schedstat schedstat;
};

Baseline take_baseline(const WorkerPlan& plan) {
  Baseline base;
  read_schedstat(plan.schedstat_path.c_str(), base.schedstat);
  base.cpu_time_ns = own_cpu_time_ns();
  plan.slot->base_cpu_time_ns.store(base.schedstat.cpu_time_ns, kRelaxed);
  plan.slot->base_run_delay_ns.store(base.schedstat.run_delay_ns, kRelaxed);
  plan.slot->base_timeslices.store(base.schedstat.timeslices, kRelaxed);
  return base;
}

void publish_end(const WorkerPlan& plan, const Baseline& base) {
  WorkerSlot& slot = *plan.slot;
  slot.cpu_time_ns.store(own_cpu_time_ns() - base.cpu_time_ns, kRelaxed);
  slot.wall_time_ns.store(slot.last_checkpoint_ns.load(kRelaxed) - plan.group->released_ns.load(kRelaxed), kRelaxed);
  Schedstat end;
  if (read_schedstat(plan.schedstat_path.c_str(), end)) {
    slot.run_delay_ns.store(end.run_delay_ns - base.schedstat.run_delay_ns, kRelaxed);
    slot.timeslices.store(end.timeslices - base.schedstat.timeslices, kRelaxed);
  }
  slot.state.store(WorkerSlot::kFinished);
}

[[noreturn]] void worker_main(const WorkerPlan& plan, pid_t parent) {
  set_up(plan);
  if (::getppid() != parent) ::_exit(1);  // it died before PR_SET_PDEATHSIG
  const Baseline base = take_baseline(plan);
  tell_ready(plan, WorkerSlot::kReady);
  while (plan.group->go.load() == 0) futex_wait(plan.group->go, 0);
  // The default slack of 50 us would be measured as wake-up latency. Only now, since a real-time task's is not to be
  // set (kernel/sys.c); it cannot fail for another.
  ::prctl(PR_SET_TIMERSLACK, 1);
  WorkerRun run(*plan.group, *plan.slot);
  run.begin(plan.phase);
  run_work(plan.type, run);
  publish_end(plan, base);
  ::_exit(0);
}

}  // namespace

Result<WorkerProcess> start_worker(const WorkerPlan& plan) {
  int pidfd = -1;
  clone_args args{};
  args.flags = CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  if (plan.cgroup_dir != nullptr && plan.cgroup_dir->valid()) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(plan.cgroup_dir->get());
  }
  const pid_t parent = ::getpid();
  const long pid = ::syscall(SYS_clone3, &args, sizeof args);
  if (pid < 0) return fail_errno("cannot start worker {}", plan.name);
  if (pid == 0) worker_main(plan, parent);
  return WorkerProcess{static_cast<pid_t>(pid), Fd(pidfd)};
}

Status hand_over(const WorkerPlan& plan, const WorkerProcess& process) {
  const std::string task = "worker " + plan.name;
  if (!plan.affinity.empty())
    KTSTR_TRY(set_task_affinity(process.pid, plan.affinity, task));
  else if (plan.birth_cpu >= 0)
    KTSTR_TRY(reset_task_affinity(process.pid, task));
  if (plan.nice) KTSTR_TRY(set_task_nice(process.pid, *plan.nice, task));
  KTSTR_TRY(set_task_policy(process.pid, plan.policy, task));
  return set_task_uclamp(process.pid, plan.uclamp_min, plan.uclamp_max, task);
}

Error setup_error(const WorkerSlot& slot, const WorkerPlan& plan) {
  const auto& step = kSetup[static_cast<std::size_t>(slot.setup_step.load())];
  Error error = Error::from_errno(slot.setup_errno.load(), fmt::format("worker {} cannot {}", plan.name, step.what));
  return step.explain != nullptr ? step.explain(std::move(error), plan) : error;
}

}  // namespace ktstr
