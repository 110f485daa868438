// SPDX-License-Identifier: Apache-2.0
#include "workload/worker_process.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <iterator>

#include "base/clock.h"
#include "base/splitmix.h"
#include "workload/schedstat.h"
#include "workload/work_types.h"
#include "workload/worker_run.h"

namespace ktstr {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

// The set-up steps return false with errno set. They run between clone3 and _exit in a copy of a process that may have
// had other threads: async-signal-safe calls only.

bool die_with_parent(const WorkerPlan&) { return ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0; }

bool reset_signals(const WorkerPlan&) {
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number)
    // Refused for SIGKILL, SIGSTOP and the two that the C library keeps to itself.
    ::sigaction(number, &by_default, nullptr);
  sigset_t none;
  sigemptyset(&none);
  return ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
}

bool set_comm(const WorkerPlan& plan) { return ::prctl(PR_SET_NAME, plan.comm.c_str()) == 0; }

bool set_nice(const WorkerPlan& plan) { return ::setpriority(PRIO_PROCESS, 0, plan.nice) == 0; }

// Fails for a CPU that is not there (any more): the worker is born elsewhere then.
bool go_to_birth_cpu(const WorkerPlan& plan) {
  if (plan.birth_cpu < 0 || plan.birth_cpu >= CPU_SETSIZE) return true;
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(static_cast<std::size_t>(plan.birth_cpu), &cpus);
  ::sched_setaffinity(0, sizeof cpus, &cpus);
  return true;
}

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

constexpr struct {
  bool (*run)(const WorkerPlan&);
  const char* what;
} kSetup[] = {{die_with_parent, "ask to die with its parent"},
              {reset_signals, "reset its signals"},
              {set_comm, "set its name"},
              {set_nice, "set its nice value"},
              {go_to_birth_cpu, "go to the CPU where it is to start"},
              {close_files, "close inherited files"},
              {touch_memory, "touch its shared memory"}};

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

std::chrono::nanoseconds start_phase(std::uint64_t seed, std::string_view cgroup, int index) {
  constexpr std::uint64_t kLongest = 200'000;
  const std::uint64_t of_cgroup = splitmix64(seed ^ name_hash(cgroup));
  return std::chrono::nanoseconds(splitmix64(of_cgroup + static_cast<std::uint64_t>(index)) % (kLongest + 1));
}

Cpu birth_cpu(std::uint64_t seed, const CpuSet& candidates, int index) {
  if (candidates.empty()) return -1;
  const std::uint64_t choice = splitmix64(seed + static_cast<std::uint64_t>(index));
  const std::uint64_t position = pick_up_to(choice, candidates.size() - 1);
  return *std::next(candidates.begin(), static_cast<std::ptrdiff_t>(position));
}

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
  if (pid < 0) return fail_errno("cannot start worker {}", plan.comm);
  if (pid == 0) worker_main(plan, parent);
  return WorkerProcess{static_cast<pid_t>(pid), Fd(pidfd)};
}

Status let_off_birth_cpu(const WorkerPlan& plan, const WorkerProcess& process) {
  if (plan.birth_cpu < 0) return ok();
  cpu_set_t all;
  std::memset(&all, 0xff, sizeof all);  // the kernel takes those that there are and that the cpuset allows
  if (::sched_setaffinity(process.pid, sizeof all, &all) != 0)
    return fail_errno("cannot let worker {} off the CPU where it was born", plan.comm);
  return ok();
}

Status make_ordinary(const WorkerPlan& plan, const WorkerProcess& process) {
  const sched_param none{};
  if (::sched_setscheduler(process.pid, SCHED_OTHER, &none) != 0)
    return fail_errno("cannot make worker {} SCHED_OTHER", plan.comm);
  if (const int policy = ::sched_getscheduler(process.pid); policy != SCHED_OTHER)
    return fail(ErrorCode::kIo, "worker {} was made SCHED_OTHER and has policy {}", plan.comm, policy);
  errno = 0;
  const int nice = ::getpriority(PRIO_PROCESS, static_cast<id_t>(process.pid));
  if (errno != 0) return fail_errno("cannot read the nice value of worker {}", plan.comm);
  if (nice != plan.nice)
    return fail(ErrorCode::kIo, "worker {} was given nice {} and has {}", plan.comm, plan.nice, nice);
  return ok();
}

Error setup_error(const WorkerSlot& slot, const WorkerPlan& plan) {
  const auto step = static_cast<std::size_t>(slot.setup_step.load());
  return Error::from_errno(slot.setup_errno.load(), fmt::format("worker {} cannot {}", plan.comm, kSetup[step].what));
}

}  // namespace ktstr
