// SPDX-License-Identifier: Apache-2.0
#include "workload/worker_group.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <functional>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "workload/group_memory.h"
#include "workload/task_affinity.h"
#include "workload/task_sched.h"
#include "workload/worker_process.h"
#include "workload/worker_report.h"
#include "workload/worker_slot.h"

namespace ktstr {

namespace {

// How long killed workers are waited for. One that gets no CPU does not die, and nothing is gained by waiting longer.
constexpr std::chrono::milliseconds kKillWait{200};

struct Worker {
  WorkerPlan plan;
  WorkerProcess process;
  bool ended = false;  // seen on its pidfd
  bool reaped = false;
};

}  // namespace

struct WorkerGroup::State {
  ~State();
  Status start(const WorkSpec& spec, int first_index, std::uint64_t seed);
  Status wait_until_ready();
  // Waits for pidfds, and for `eventfd` too where it is valid; false when the deadline has passed.
  Result<bool> wait_for_change(Nanoseconds deadline, const Fd& eventfd);
  Status wait_until_ended(Nanoseconds deadline);
  void kill_and_reap();
  WorkerReport report_of(std::size_t i, std::uint64_t now_ns);
  std::string reap(Worker& worker);
  // Does `change` to every worker that lives; one that ends meanwhile is passed over.
  Status change_each(const std::function<Status(std::size_t i, pid_t pid, const std::string& task)>& change);
  void let_timers_be_exact(pid_t pid, const std::string& task) const;
  void wake_stopped();
  bool all_ended() const {
    return std::all_of(workers.begin(), workers.end(), [](const Worker& each) { return each.ended; });
  }

  std::string where() const { return "workers of " + placement.cgroup; }

  WorkerPlacement placement;
  int first_index = 0;
  GroupMemory memory;
  Fd ready_eventfd;
  std::vector<Worker> workers;
  bool may_be_stopped = false;  // by a signal that we sent
  bool released = false;
  bool collected = false;
};

Status WorkerGroup::State::start(const WorkSpec& spec, int first, std::uint64_t seed) {
  first_index = first;
  const auto count = static_cast<std::size_t>(spec.workers);
  KTSTR_TRY_ASSIGN(memory, GroupMemory::create(count));
  ready_eventfd = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!ready_eventfd.valid()) return fail_errno("cannot make an eventfd");
  workers.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    Worker worker;
    KTSTR_TRY_ASSIGN(worker.plan, plan_worker(spec, placement, first_index, i, seed));
    worker.plan.ready_eventfd = ready_eventfd.get();
    worker.plan.group = &memory.group();
    worker.plan.slot = &memory.slot(i);
    KTSTR_TRY_ASSIGN(worker.process, start_worker(worker.plan));
    workers.push_back(std::move(worker));
  }
  return ok();
}

Result<bool> WorkerGroup::State::wait_for_change(Nanoseconds deadline, const Fd& eventfd) {
  std::vector<pollfd> fds;
  for (const Worker& worker : workers)
    // A negative descriptor is skipped by poll(2).
    fds.push_back({worker.ended ? -1 : worker.process.pidfd.get(), POLLIN, 0});
  fds.push_back({eventfd.get(), POLLIN, 0});
  const auto left = std::chrono::ceil<Milliseconds>(deadline - monotonic_now());
  const int ready =
      ::poll(fds.data(), fds.size(), static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX)));
  if (ready < 0 && errno != EINTR) return fail_errno("cannot poll the workers of {}", placement.cgroup);
  for (std::size_t i = 0; i < workers.size() && ready > 0; ++i)
    if (fds[i].revents != 0) workers[i].ended = true;
  return ready > 0 || monotonic_now() < deadline;
}

Status WorkerGroup::State::wait_until_ready() {
  const Nanoseconds deadline = monotonic_now() + kReadyTimeout;
  for (;;) {
    std::uint64_t arrived = 0;
    // Only empties it; who is ready, the slots say.
    if (::read(ready_eventfd.get(), &arrived, sizeof arrived) < 0 && errno != EAGAIN)
      return fail_errno("cannot read the workers' eventfd");
    const Worker* missing = nullptr;
    for (Worker& worker : workers) {
      const std::uint32_t state = worker.plan.slot->state;
      if (state == WorkerSlot::kSetupFailed) return setup_error(*worker.plan.slot, worker.plan);
      if (worker.ended) return fail(ErrorCode::kIo, "worker {} died before it could start", worker.plan.name);
      if (state != WorkerSlot::kReady) missing = &worker;
    }
    if (missing == nullptr) return ok();
    KTSTR_TRY_ASSIGN(const bool in_time, wait_for_change(deadline, ready_eventfd));
    if (!in_time)
      return fail(ErrorCode::kTimedOut, "worker {} did not come to the start barrier within {} s; it got no CPU",
                  missing->plan.name, kReadyTimeout.count());
  }
}

Status WorkerGroup::State::wait_until_ended(Nanoseconds deadline) {
  while (!all_ended()) {
    KTSTR_TRY_ASSIGN(const bool in_time, wait_for_change(deadline, Fd()));
    if (!in_time) break;
  }
  return ok();
}

// How it ended where that was not the ordinary end; empty otherwise.
std::string WorkerGroup::State::reap(Worker& worker) {
  siginfo_t info{};
  const auto pidfd = static_cast<id_t>(worker.process.pidfd.get());
  if (::waitid(P_PIDFD, pidfd, &info, WEXITED | WNOHANG) != 0) {
    // ECHILD: somebody else (an agent that reaps everything) was faster.
    worker.reaped = true;
    return worker.plan.slot->state == WorkerSlot::kFinished ? "" : "ended, and its status was not ours to read";
  }
  if (info.si_pid == 0) return "";
  worker.reaped = worker.ended = true;
  const bool exited = info.si_code == CLD_EXITED;
  if (exited && info.si_status == 0) return "";
  return ExitStatus{exited ? ExitStatus::Kind::kExited : ExitStatus::Kind::kSignaled, info.si_status}.describe();
}

void WorkerGroup::State::kill_and_reap() {
  bool any = false;
  for (Worker& worker : workers) {
    if (worker.reaped || worker.ended) continue;
    any = true;
    if (::syscall(SYS_pidfd_send_signal, worker.process.pidfd.get(), SIGKILL, nullptr, 0) != 0 && errno != ESRCH)
      log_warn("cannot kill worker {} ({}): errno {}", worker.plan.name, worker.process.pid, errno);
  }
  if (any)
    if (const Status waited = wait_until_ended(monotonic_now() + kKillWait); !waited)
      log_warn("{}", waited.error().render());
  for (Worker& worker : workers)
    if (!worker.reaped) reap(worker);
}

Status WorkerGroup::State::change_each(
    const std::function<Status(std::size_t i, pid_t pid, const std::string& task)>& change) {
  // A pid is only sure to be the worker's as long as the worker has not ended.
  KTSTR_TRY(wait_for_change(monotonic_now(), Fd()));
  for (std::size_t i = 0; i < workers.size(); ++i) {
    const Worker& worker = workers[i];
    if (worker.ended) continue;
    const Status changed = change(i, worker.process.pid, "worker " + worker.plan.name);
    if (!changed && changed.error().saved_errno() != ESRCH) return changed;
  }
  return ok();
}

// Once a real-time task becomes ordinary the kernel gives it back its default timer slack (kernel/sched/syscalls.c
// since Linux 6.13), which would be measured as wake-up latency.
void WorkerGroup::State::let_timers_be_exact(pid_t pid, const std::string& task) const {
  const fs::path file = fmt::format("{}/{}/timerslack_ns", placement.proc_root, pid);
  const Status written = write_text(file, "1");
  if (!written && written.error().code() != ErrorCode::kNotFound)
    log_debug("{} may wake up late by its timer slack: {}", task, written.error().render());
}

void WorkerGroup::State::wake_stopped() {
  if (!may_be_stopped) return;
  may_be_stopped = false;
  for (const Worker& worker : workers)
    if (::syscall(SYS_pidfd_send_signal, worker.process.pidfd.get(), SIGCONT, nullptr, 0) != 0 && errno != ESRCH)
      log_warn("cannot continue worker {} ({}), which a signal of ours may have stopped: errno {}", worker.plan.name,
               worker.process.pid, errno);
}

WorkerGroup::State::~State() { kill_and_reap(); }

WorkerReport WorkerGroup::State::report_of(std::size_t i, std::uint64_t now_ns) {
  Worker& worker = workers[i];
  const WorkerSlot& slot = *worker.plan.slot;
  const bool finished = slot.state == WorkerSlot::kFinished;
  WorkerReport report = published_report(slot, memory.group());
  if (!finished) {
    // Before it is reaped: a zombie still has its schedstat.
    Schedstat now;
    const std::string path = fmt::format("{}/{}/schedstat", placement.proc_root, worker.process.pid);
    if (read_schedstat(path.c_str(), now)) add_schedstat(report, slot, now);
    if (worker.ended)
      close_at_death(report, slot);
    else
      close_at(report, slot, now_ns);
  }
  report.cgroup = placement.cgroup;
  report.group = placement.group;
  report.index = first_index + static_cast<int>(i);
  report.pid = worker.process.pid;
  report.responded = worker.ended;
  if (worker.ended) report.exit = reap(worker);
  return report;
}

WorkerGroup::WorkerGroup(std::unique_ptr<State> state) : state_(std::move(state)) {}
WorkerGroup::WorkerGroup(WorkerGroup&&) noexcept = default;
WorkerGroup& WorkerGroup::operator=(WorkerGroup&&) noexcept = default;
WorkerGroup::~WorkerGroup() = default;

Result<WorkerGroup> WorkerGroup::spawn(const WorkSpec& spec, const WorkerPlacement& placement, int first_index,
                                       std::uint64_t seed) {
  const std::string where = "workers of " + placement.cgroup;
  KTSTR_TRY(check_worker_spec(spec, placement).context(where));
  auto state = std::make_unique<State>();
  state->placement = placement;
  KTSTR_TRY(state->start(spec, first_index, seed).context(where));
  // The descriptor is the caller's and was only promised for the call.
  state->placement.cgroup_dir = nullptr;
  for (Worker& worker : state->workers) worker.plan.cgroup_dir = nullptr;
  KTSTR_TRY(state->wait_until_ready().context(where));
  for (const Worker& worker : state->workers) KTSTR_TRY(hand_over(worker.plan, worker.process).context(where));
  WorkerGroup group(std::move(state));
  if (placement.allowed) group.set_allowed(*placement.allowed);
  return group;
}

int WorkerGroup::size() const { return static_cast<int>(state_->workers.size()); }

std::vector<int> WorkerGroup::pids() const {
  std::vector<int> pids;
  for (const Worker& worker : state_->workers) pids.push_back(worker.process.pid);
  return pids;
}

void WorkerGroup::set_allowed(const CpuSet& allowed) {
  GroupBlock& block = state_->memory.group();
  block.allowed_sequence.fetch_add(1);
  block.allowed.clear();
  for (const Cpu cpu : allowed) block.allowed.add(cpu);
  block.all_allowed.store(allowed.empty());
  block.allowed_sequence.fetch_add(1);
}

std::uint64_t WorkerGroup::iterations() const {
  std::uint64_t sum = 0;
  for (const Worker& worker : state_->workers) sum += worker.plan.slot->iterations;
  return sum;
}

Status WorkerGroup::set_nice(int nice) {
  KTSTR_TRY(check_nice(nice).context(state_->where()));
  return state_->change_each(
      [&](std::size_t, pid_t pid, const std::string& task) { return set_task_nice(pid, nice, task); });
}

Status WorkerGroup::set_policy(const SchedPolicy& policy) {
  KTSTR_TRY(policy.validate().context(state_->where()));
  return state_->change_each([&](std::size_t, pid_t pid, const std::string& task) -> Status {
    KTSTR_TRY(set_task_policy(pid, policy, task));
    state_->let_timers_be_exact(pid, task);
    return ok();
  });
}

Status WorkerGroup::set_affinity(const std::vector<CpuSet>& per_worker) {
  const std::size_t count = state_->workers.size();
  if (per_worker.size() != 1 && per_worker.size() != count)
    return fail(ErrorCode::kInvalidArgument, "{}: {} affinities for {} workers; give one for each, or one for all",
                state_->where(), per_worker.size(), count);
  return state_->change_each([&](std::size_t i, pid_t pid, const std::string& task) {
    return set_task_affinity(pid, per_worker[per_worker.size() == 1 ? 0 : i], task);
  });
}

Status WorkerGroup::set_uclamp(int min, int max) {
  KTSTR_TRY(check_uclamp(min, max).context(state_->where()));
  return state_->change_each(
      [&](std::size_t, pid_t pid, const std::string& task) { return set_task_uclamp(pid, min, max, task); });
}

Status WorkerGroup::send_signal(int number) {
  if (number < 1 || number >= NSIG)
    return fail(ErrorCode::kInvalidArgument, "{}: there is no signal {}; write one from 1 to {}", state_->where(),
                number, NSIG - 1);
  if (number == SIGSTOP || number == SIGTSTP || number == SIGTTIN || number == SIGTTOU) state_->may_be_stopped = true;
  if (number == SIGCONT) state_->may_be_stopped = false;
  return state_->change_each([&](std::size_t i, pid_t, const std::string& task) -> Status {
    if (::syscall(SYS_pidfd_send_signal, state_->workers[i].process.pidfd.get(), number, nullptr, 0) == 0) return ok();
    return fail_errno("cannot send signal {} to {}", number, task);
  });
}

void WorkerGroup::release() {
  GroupBlock& block = state_->memory.group();
  block.released_ns.store(static_cast<std::uint64_t>(monotonic_now().count()));
  block.go.store(1);
  futex_wake_all(block.go);
  state_->released = true;
}

void WorkerGroup::request_stop() {
  GroupBlock& block = state_->memory.group();
  if (block.stop.load() == 0) {
    block.stopped_ns.store(static_cast<std::uint64_t>(monotonic_now().count()));
    block.stop.store(1);
    futex_wake_all(block.stop);
  }
  // Even where the stop was requested before: the signal may have come since.
  state_->wake_stopped();
}

Result<std::vector<WorkerReport>> WorkerGroup::collect(std::chrono::nanoseconds grace) {
  if (!state_->released || state_->collected)
    return fail(ErrorCode::kInvalidArgument, "workers of {} can be collected once, after they were released",
                state_->placement.cgroup);
  request_stop();
  state_->collected = true;
  KTSTR_TRY(state_->wait_until_ended(monotonic_now() + grace));
  const auto now_ns = static_cast<std::uint64_t>(monotonic_now().count());
  std::vector<WorkerReport> reports;
  for (std::size_t i = 0; i < state_->workers.size(); ++i) reports.push_back(state_->report_of(i, now_ns));
  state_->kill_and_reap();
  return reports;
}

}  // namespace ktstr
