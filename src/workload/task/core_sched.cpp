// SPDX-License-Identifier: Apache-2.0
#include "workload/task/core_sched.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <new>
#include <optional>

namespace ktstr {

namespace {

// Of PR_SCHED_CORE: which of the pid's tasks are meant.
constexpr unsigned kThread = PR_SCHED_CORE_SCOPE_THREAD;
constexpr unsigned kProcess = PR_SCHED_CORE_SCOPE_THREAD_GROUP;

// kernel/sched/core_sched.c: ENODEV without SMT; EINVAL is the answer of a prctl that does not know the option, and the
// arguments are ours and in order.
Error refusal(int saved_errno, const std::string& what) {
  if (saved_errno == ENODEV)
    return fail(ErrorCode::kUnsupported, "{}: no core of this machine has two hardware threads", what)
        .with_hint("core scheduling needs SMT: a topology with at least 2 threads per core");
  if (saved_errno == EINVAL)
    return fail(ErrorCode::kUnsupported, "{}: this kernel has no core scheduling", what)
        .with_hint("run a kernel from Linux 5.14 on with CONFIG_SCHED_CORE=y");
  Error error = Error::from_errno(saved_errno, what);
  if (error.code() == ErrorCode::kPermission)
    error.with_hint("it takes the right to ptrace the process (PTRACE_MODE_READ_REALCREDS): run as root");
  return error;
}

// How far the child came; read by us after its end.
struct Progress {
  std::atomic<bool> done{false};
  std::atomic<bool> taken{false};
  std::atomic<std::size_t> shared{0};
  std::atomic<int> saved_errno{0};
};

class SharedProgress {
 public:
  SharedProgress() {
    void* const at = ::mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at != MAP_FAILED) progress_ = new (at) Progress;
  }
  SharedProgress(const SharedProgress&) = delete;
  SharedProgress& operator=(const SharedProgress&) = delete;
  ~SharedProgress() {
    if (progress_ != nullptr) ::munmap(progress_, sizeof(Progress));
  }
  Progress* get() const { return progress_; }

 private:
  Progress* progress_ = nullptr;
};

// `from` has no value: what we have ourselves is handed on. False with errno in `progress`.
bool hand_on(std::optional<pid_t> from, const std::vector<int>& pids, CoreSchedCall call, Progress& progress) {
  if (from && call(PR_SCHED_CORE_SHARE_FROM, *from, kThread, nullptr) != 0) {
    progress.saved_errno = errno;
    return false;
  }
  progress.taken = true;
  for (const int pid : pids) {
    if (call(PR_SCHED_CORE_SHARE_TO, pid, kProcess, nullptr) != 0) {
      progress.saved_errno = errno;
      return false;
    }
    progress.shared += 1;
  }
  return true;
}

Status hand_on_through_child(pid_t from, const std::vector<int>& pids, CoreSchedCall call) {
  const SharedProgress shared;
  if (shared.get() == nullptr) return fail_errno("cannot map memory for a core scheduling helper process");
  Progress& progress = *shared.get();
  const pid_t child = ::fork();
  if (child < 0) return fail_errno("cannot start a core scheduling helper process");
  if (child == 0) {
    hand_on(from, pids, call, progress);
    progress.done = true;
    ::_exit(0);
  }
  // ECHILD: it has ended, and somebody (an agent that reaps everything) was faster.
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!progress.done) return fail(ErrorCode::kIo, "the core scheduling helper process died");
  if (!progress.taken)
    return refusal(progress.saved_errno, fmt::format("cannot take the core scheduling cookie of process {}", from));
  if (progress.shared < pids.size())
    return refusal(progress.saved_errno, fmt::format("cannot give process {} the core scheduling cookie of process {}",
                                                     pids[progress.shared], from));
  return ok();
}

}  // namespace

int core_sched_prctl(unsigned command, pid_t pid, unsigned scope, std::uint64_t* cookie) {
  return ::prctl(PR_SCHED_CORE, static_cast<unsigned long>(command), static_cast<unsigned long>(pid),
                 static_cast<unsigned long>(scope), cookie);
}

Status core_sched_create(const std::vector<int>& pids, CoreSchedCall call) {
  if (pids.empty()) return ok();
  if (call(PR_SCHED_CORE_CREATE, pids.front(), kProcess, nullptr) != 0)
    return refusal(errno, fmt::format("cannot give process {} a core scheduling cookie", pids.front()));
  return core_sched_share(pids.front(), {pids.begin() + 1, pids.end()}, call);
}

Status core_sched_share(int from, const std::vector<int>& pids, CoreSchedCall call) {
  if (pids.empty()) return ok();
  return hand_on_through_child(from, pids, call);
}

Status core_sched_clear(const std::vector<int>& pids, CoreSchedCall call) {
  if (pids.empty()) return ok();
  KTSTR_TRY_ASSIGN(const std::uint64_t own, core_sched_cookie(0, call));
  if (own != 0)
    return fail(ErrorCode::kBusy, "cannot take core scheduling cookies away: our own process has been given one")
        .with_hint("start it from a shell that has none (PR_SCHED_CORE_GET says 0)");
  Progress progress;
  if (hand_on({}, pids, call, progress)) return ok();
  return refusal(progress.saved_errno,
                 fmt::format("cannot take the core scheduling cookie of process {} away", pids[progress.shared]));
}

Result<std::uint64_t> core_sched_cookie(int pid, CoreSchedCall call) {
  std::uint64_t cookie = 0;
  if (call(PR_SCHED_CORE_GET, pid, kThread, &cookie) != 0)
    return refusal(errno, pid == 0 ? std::string("cannot read our own core scheduling cookie")
                                   : fmt::format("cannot read the core scheduling cookie of process {}", pid));
  return cookie;
}

}  // namespace ktstr
