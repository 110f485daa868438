// SPDX-License-Identifier: Apache-2.0
#include "workload/worker_setup.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "base/system/oom_score.h"
#include "workload/worker_threads.h"

namespace ktstr {

namespace {

// The steps return false with errno set. Those of a process run between clone3 and _exit in a copy of a process that
// may have had other threads: async-signal-safe calls only.

bool die_with_parent(const WorkerPlan&) { return ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0; }

// The system call itself: the C library's function reserves two signals, whose handlers it has installed as
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

bool leave_oom_protection(const WorkerPlan&) { return become_killable(); }

bool set_comm(const WorkerPlan& plan) { return ::prctl(PR_SET_NAME, plan.comm.c_str()) == 0; }

// A process is born in its cgroup, unless it is to move in. A leader goes there, before it has threads: glibc's fork()
// takes no cgroup, and without fork() a process cannot start threads of the C library.
bool enter_cgroup(const WorkerPlan& plan) {
  if (plan.role == WorkerPlan::Role::kProcess && !plan.moves_in) return true;
  if (plan.cgroup_dir == nullptr || !plan.cgroup_dir->valid()) return true;
  const Fd procs(::openat(plan.cgroup_dir->get(), "cgroup.procs", O_WRONLY | O_CLOEXEC));
  return procs.valid() && ::write(procs.get(), "0", 1) == 1;
}

// Fails for a CPU that is not there (any more): the worker is born elsewhere then.
bool go_to_start_cpus(const WorkerPlan& plan) {
  if (!plan.start_cpus.empty()) plan.start_cpus.apply(0);
  return true;
}

bool set_memory_policy(const WorkerPlan& plan) { return plan.memory.apply(); }

// A worker that cannot die for want of a CPU must not hold a pipe or a lock of ours open meanwhile.
bool close_files(const WorkerPlan& plan) {
  unsigned from = 3;
  for (const int file : *plan.kept_files) {
    const auto keep = static_cast<unsigned>(file);
    if (keep > from) ::syscall(SYS_close_range, from, keep - 1, 0);
    from = std::max(from, keep + 1);
  }
  ::syscall(SYS_close_range, from, ~0u, 0);
  return true;
}

// The first touches of the slot and of shared words must not be page faults in the middle of the run; older kernels
// than 5.14 refuse, and have them there.
bool touch_memory(const WorkerPlan& plan) {
  const auto touch = [page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE))](auto* begin, std::size_t count) {
    const auto first = reinterpret_cast<std::uintptr_t>(begin) & ~(page - 1);
    const auto end = reinterpret_cast<std::uintptr_t>(begin + count);
    ::madvise(reinterpret_cast<void*>(first), end - first, MADV_POPULATE_WRITE);
  };
  touch(plan.slot, 1);
  plan.slot->live->last_checkpoint_ns.store(0);  // perhaps in other memory
  if (plan.resources != nullptr && plan.resources->word_count() > 0)
    touch(&plan.resources->word(0), plan.resources->word_count());
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

// A leader's step, since its threads are to be born in the cgroup and under its set-up.
bool start_threads(const WorkerPlan& plan) { return plan.threads->start(); }

Error explain_threads(Error error, const WorkerPlan&) {
  if (error.saved_errno() == EAGAIN)
    error.with_hint("a limit on tasks is reached: pids_max of the cgroup or of one above it, or kernel.threads-max");
  return error;
}

Error explain_ids(Error error, const WorkerPlan&) {
  if (error.code() == ErrorCode::kPermission)
    error.with_hint("another uid or gid takes CAP_SETUID, CAP_SETGID: run as root");
  return error;
}

constexpr unsigned bit(WorkerPlan::Role role) { return static_cast<unsigned>(role); }
constexpr unsigned kOfProcess = bit(WorkerPlan::Role::kProcess), kOfThread = bit(WorkerPlan::Role::kThread),
                   kOfLeader = bit(WorkerPlan::Role::kLeader), kOfAll = kOfProcess | kOfThread | kOfLeader;

// Ids after everything that takes a privilege. With them the kernel forgets that the process dies with its parent
// (prctl(2), PR_SET_PDEATHSIG), so that is said after them.
constexpr struct {
  bool (*run)(const WorkerPlan&);
  const char* what;
  unsigned roles = kOfAll;
  Error (*explain)(Error error, const WorkerPlan& plan) = nullptr;
} kSetup[] = {
    {reset_signals, "reset its signals", kOfProcess | kOfLeader},
    {leave_oom_protection, "leave the protection from the OOM killer", kOfProcess | kOfLeader},
    {set_comm, "set its name"},
    {enter_cgroup, "enter its cgroup", kOfProcess | kOfLeader},
    {go_to_start_cpus, "go to the CPU where it is to start"},
    {set_memory_policy, "set its memory policy", kOfProcess | kOfThread,
     [](Error error, const WorkerPlan& plan) { return explain_memory_refusal(std::move(error), plan.mem_policy); }},
    {close_files, "close inherited files", kOfProcess | kOfLeader},
    {touch_memory, "touch its shared memory"},
    {start_threads, "start its threads", kOfLeader, explain_threads},
    {set_gid, "set its gid", kOfAll, explain_ids},
    {set_uid, "set its uid", kOfAll, explain_ids},
    {die_with_parent, "ask to die with its parent", kOfProcess | kOfLeader},
    {read_back, "find its name, ids and memory policy as it has set them"}};

}  // namespace

void tell_ready(const WorkerPlan& plan, WorkerSlot::State state) {
  plan.slot->state.store(state);
  const std::uint64_t one = 1;
  // Cannot fill up: the counter takes 2^64 - 2.
  if (::write(plan.ready_eventfd, &one, sizeof one) != sizeof one) ::_exit(1);
}

void set_up(const WorkerPlan& plan) {
  plan.slot->tid.store(static_cast<int>(::syscall(SYS_gettid)));
  for (std::size_t step = 0; step < std::size(kSetup); ++step) {
    if ((kSetup[step].roles & bit(plan.role)) == 0 || kSetup[step].run(plan)) continue;
    plan.slot->setup_errno.store(errno);
    plan.slot->setup_step.store(static_cast<int>(step));
    tell_ready(plan, WorkerSlot::kSetupFailed);
    ::_exit(1);
  }
}

Error setup_error(const WorkerSlot& slot, const WorkerPlan& plan) {
  const auto& step = kSetup[static_cast<std::size_t>(slot.setup_step.load())];
  Error error = Error::from_errno(slot.setup_errno.load(), fmt::format("{} cannot {}", plan.task(), step.what));
  return step.explain != nullptr ? step.explain(std::move(error), plan) : error;
}

}  // namespace ktstr
