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
#include "base/task_seen.h"
#include "workload/group_memory.h"
#include "workload/sched_class.h"
#include "workload/task_affinity.h"
#include "workload/task_sched.h"
#include "workload/worker_process.h"
#include "workload/worker_report.h"
#include "workload/worker_setup.h"
#include "workload/worker_slot.h"
#include "workload/worker_threads.h"

namespace ktstr {

namespace {

// Of workers that are dropped. To give back its copy of our memory takes a worker tens of ms of CPU time, and longer
// where others want the CPU too; one that gets none does not die.
constexpr std::chrono::milliseconds kDropWait{500};

std::string workers_of_place(const std::string& cgroup) {
  return cgroup.empty() ? "workers outside of the cgroups" : "workers of " + cgroup;
}

struct Process {
  std::string task;  // for messages
  WorkerProcess handle;
  bool ended = false;  // seen on its pidfd
  bool reaped = false;
  std::string exit;             // how it ended where that was not the ordinary end; once it is reaped
  bool status_unknown = false;  // somebody else reaped it
  bool by_sigkill = false;
  bool before_kill = false;  // it had ended when the scenario killed the group
};

struct Worker {
  WorkerPlan plan;
  std::size_t process = 0;         // its place among the group's
  HoldTimes::Wait held_wait = {};  // the longest that a hold put an end to
  std::string sched_class;         // WorkerReport::sched_class
  int nice = 0;                    // as last seen
};

}  // namespace

struct WorkerGroup::State {
  ~State();
  Status start(const std::vector<WorkerPart>& parts, int first_index);
  Status add_part(const WorkerPart& part);
  Status add_process(const WorkerPlan& plan, Result<WorkerProcess> process);
  Status wait_until_ready();
  // False: it is on its way. An Error when it never will be.
  Result<bool> is_ready(const WorkerPlan& plan, Process& process);
  // Waits for pidfds, and for `eventfd` too where it is valid; false when the deadline has passed.
  Result<bool> wait_for_change(Nanoseconds deadline, const Fd& eventfd);
  Status wait_until_ended(Nanoseconds deadline);
  // SIGKILL to those that have not ended; whether there are any.
  bool send_kill();
  void kill_and_reap();
  Status wait_for_deaths();
  // CPU time of those that have not ended, of all threads together, in ns.
  std::uint64_t cpu_time_of_dying() const;
  WorkerReport report_of(std::size_t i, std::uint64_t now_ns);
  void reap(Process& process);
  // How a worker whose process has ended did, where that was not the ordinary end.
  std::string exit_of(const Worker& worker);
  // A thread may have, and its process not.
  bool has_ended(const Worker& worker) const {
    return processes[worker.process].ended || worker.plan.slot->state == WorkerSlot::kFinished;
  }
  // Does `change` to every worker that lives; one that ends meanwhile is passed over.
  Status change_each(const std::function<Status(std::size_t i, pid_t pid, const std::string& task)>& change);
  void let_timers_be_exact(pid_t pid, const std::string& task) const;
  // Looks at the class and the nice value of all that live.
  void note_sched();
  void wake_stopped();
  // After a change of `frozen` or `may_be_stopped`.
  void update_hold();
  void add_times_from_outside(WorkerReport& report, const WorkerSlot& slot) const;
  bool all_ended() const {
    return std::all_of(processes.begin(), processes.end(), [](const Process& each) { return each.ended; });
  }

  std::string where() const { return workers_of_place(cgroup); }

  std::string cgroup, proc_root;
  int first_index = 0;
  GroupMemory memory;
  Fd ready_eventfd;
  std::vector<Worker> workers;       // in order of index
  std::optional<WorkerPlan> leader;  // where they are threads
  WorkerThreads threads;
  std::vector<Process> processes;
  bool may_be_stopped = false;  // by a signal that we sent
  bool frozen = false;
  bool released = false;
  bool stopped = false;  // stop() is done
  bool collected = false;
  std::uint64_t kill_expected_ns = 0;  // CLOCK_MONOTONIC; 0: the scenario does not kill them
  Nanoseconds killed_at{};             // by stop()
  std::vector<WorkerReport> reports;   // of stop()
};

Status WorkerGroup::State::add_part(const WorkerPart& part) {
  const int first = first_index + static_cast<int>(workers.size());
  for (std::size_t i = 0; i < static_cast<std::size_t>(part.spec.workers); ++i) {
    Worker worker;
    KTSTR_TRY_ASSIGN(worker.plan, plan_worker(part.spec, part.placement, first, i, part.seed));
    worker.plan.ready_eventfd = ready_eventfd.get();
    worker.plan.group = &memory.group();
    worker.plan.slot = &memory.slot(workers.size());
    workers.push_back(std::move(worker));
  }
  return ok();
}

Status WorkerGroup::State::add_process(const WorkerPlan& plan, Result<WorkerProcess> process) {
  KTSTR_TRY_ASSIGN(WorkerProcess started, std::move(process));
  processes.push_back({.task = plan.task(), .handle = std::move(started)});
  return ok();
}

Status WorkerGroup::State::start(const std::vector<WorkerPart>& parts, int first) {
  first_index = first;
  cgroup = parts.front().placement.cgroup;
  proc_root = parts.front().placement.proc_root;
  std::size_t count = 0;
  for (const WorkerPart& part : parts) count += static_cast<std::size_t>(part.spec.workers);
  KTSTR_TRY_ASSIGN(memory, GroupMemory::create(count + 1));
  ready_eventfd = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!ready_eventfd.valid()) return fail_errno("cannot make an eventfd");
  workers.reserve(count);
  for (const WorkerPart& part : parts) KTSTR_TRY(add_part(part));
  if (!parts.front().spec.pcomm) {
    for (std::size_t i = 0; i < count; ++i) {
      workers[i].process = i;
      KTSTR_TRY(add_process(workers[i].plan, start_worker(workers[i].plan)));
    }
    return ok();
  }
  leader = plan_leader(parts.front(), first);
  leader->ready_eventfd = ready_eventfd.get();
  leader->group = &memory.group();
  leader->slot = &memory.slot(count);
  leader->threads = &threads;
  for (const Worker& worker : workers) threads.plans.push_back(&worker.plan);
  return add_process(*leader, start_leader(*leader));
}

Result<bool> WorkerGroup::State::wait_for_change(Nanoseconds deadline, const Fd& eventfd) {
  std::vector<pollfd> fds;
  for (const Process& process : processes)
    // A negative descriptor is skipped by poll(2).
    fds.push_back({process.ended ? -1 : process.handle.pidfd.get(), POLLIN, 0});
  fds.push_back({eventfd.get(), POLLIN, 0});
  const auto left = std::chrono::ceil<Milliseconds>(deadline - monotonic_now());
  const int ready =
      ::poll(fds.data(), fds.size(), static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX)));
  if (ready < 0 && errno != EINTR) return fail_errno("cannot poll the {}", where());
  for (std::size_t i = 0; i < processes.size() && ready > 0; ++i)
    if (fds[i].revents != 0) processes[i].ended = true;
  return ready > 0 || monotonic_now() < deadline;
}

Result<bool> WorkerGroup::State::is_ready(const WorkerPlan& plan, Process& process) {
  const std::uint32_t state = plan.slot->state;
  if (state == WorkerSlot::kSetupFailed) return setup_error(*plan.slot, plan);
  if (process.ended) {
    reap(process);
    auto error = fail(ErrorCode::kIo, "{} died before it could start: {}", plan.task(),
                      process.exit.empty() ? "exited with status 0" : process.exit);
    if (process.by_sigkill) error.with_hint("the kernel's OOM killer sends SIGKILL, and so does a cgroup.kill");
    return error;
  }
  return state == WorkerSlot::kReady;
}

Status WorkerGroup::State::wait_until_ready() {
  const Nanoseconds deadline = monotonic_now() + kReadyTimeout;
  for (;;) {
    std::uint64_t arrived = 0;
    // Only empties it; who is ready, the slots say.
    if (::read(ready_eventfd.get(), &arrived, sizeof arrived) < 0 && errno != EAGAIN)
      return fail_errno("cannot read the workers' eventfd");
    const WorkerPlan* missing = nullptr;
    const auto look_at = [&](const WorkerPlan& plan, Process& process) -> Status {
      KTSTR_TRY_ASSIGN(const bool ready, is_ready(plan, process));
      if (!ready) missing = &plan;
      return ok();
    };
    // Before its threads: what it failed at is the reason why they are not there.
    if (leader) KTSTR_TRY(look_at(*leader, processes.front()));
    for (const Worker& worker : workers) KTSTR_TRY(look_at(worker.plan, processes[worker.process]));
    if (missing == nullptr) return ok();
    KTSTR_TRY_ASSIGN(const bool in_time, wait_for_change(deadline, ready_eventfd));
    if (!in_time)
      return fail(ErrorCode::kTimedOut, "{} did not come to the start barrier within {} s; it got no CPU",
                  missing->task(), kReadyTimeout.count());
  }
}

Status WorkerGroup::State::wait_until_ended(Nanoseconds deadline) {
  while (!all_ended()) {
    KTSTR_TRY_ASSIGN(const bool in_time, wait_for_change(deadline, Fd()));
    if (!in_time) break;
  }
  return ok();
}

void WorkerGroup::State::reap(Process& process) {
  if (process.reaped) return;
  siginfo_t info{};
  const auto pidfd = static_cast<id_t>(process.handle.pidfd.get());
  if (::waitid(P_PIDFD, pidfd, &info, WEXITED | WNOHANG) != 0) {
    // ECHILD: somebody else (an agent that reaps everything) was faster.
    process.reaped = process.status_unknown = true;
    process.exit = "ended, and its status was not ours to read";
    return;
  }
  if (info.si_pid == 0) return;
  process.reaped = process.ended = true;
  const bool exited = info.si_code == CLD_EXITED;
  process.by_sigkill = !exited && info.si_status == SIGKILL;
  if (exited && info.si_status == 0) return;
  const auto kind = exited ? ExitStatus::Kind::kExited : ExitStatus::Kind::kSignaled;
  process.exit = ExitStatus{kind, info.si_status}.describe();
}

std::string WorkerGroup::State::exit_of(const Worker& worker) {
  Process& process = processes[worker.process];
  reap(process);
  const bool finished = worker.plan.slot->state == WorkerSlot::kFinished;
  if (process.exit.empty() || (process.status_unknown && finished)) return "";
  if (process.by_sigkill && kill_expected_ns != 0 && !process.before_kill) return "";
  return leader ? fmt::format("process '{}': {}", leader->comm, process.exit) : process.exit;
}

bool WorkerGroup::State::send_kill() {
  bool any = false;
  for (const Process& process : processes) {
    if (process.reaped || process.ended) continue;
    any = true;
    if (::syscall(SYS_pidfd_send_signal, process.handle.pidfd.get(), SIGKILL, nullptr, 0) != 0 && errno != ESRCH)
      log_warn("cannot kill {} ({}): errno {}", process.task, process.handle.pid, errno);
  }
  return any;
}

void WorkerGroup::State::kill_and_reap() {
  // Where stop() was done, all the waiting was done for collect().
  if (send_kill() && !stopped)
    if (const Status waited = wait_until_ended(monotonic_now() + kDropWait); !waited)
      log_warn("{}", waited.error().render());
  for (Process& process : processes) reap(process);
}

std::uint64_t WorkerGroup::State::cpu_time_of_dying() const {
  std::uint64_t sum = 0;
  const auto add = [&](pid_t tid) {
    Schedstat now;
    if (read_schedstat(fmt::format("{}/{}/schedstat", proc_root, tid).c_str(), now)) sum += now.cpu_time_ns;
  };
  if (leader && !processes.front().ended) add(processes.front().handle.pid);
  for (const Worker& worker : workers)
    if (!processes[worker.process].ended) add(worker.plan.slot->tid);
  return sum;
}

// To die takes CPU time, which a crowd gets bit by bit: only who gets none is stuck.
Status WorkerGroup::State::wait_for_deaths() {
  const auto living = [this] {
    return std::count_if(processes.begin(), processes.end(), [](const Process& each) { return !each.ended; });
  };
  Nanoseconds last_sign = killed_at, last_end = killed_at;
  for (auto before = living(); before > 0;) {
    const std::uint64_t cpu_time = cpu_time_of_dying();
    KTSTR_TRY(wait_until_ended(std::min(last_sign + kKillGrace, last_end + kMostKillGrace)));
    const auto left = living();
    const Nanoseconds now = monotonic_now();
    if (left < before) last_end = now;
    if (left == before && cpu_time_of_dying() == cpu_time) break;
    if (now >= last_end + kMostKillGrace) break;
    last_sign = now;
    before = left;
  }
  for (Process& process : processes) reap(process);
  return ok();
}

Status WorkerGroup::State::change_each(
    const std::function<Status(std::size_t i, pid_t pid, const std::string& task)>& change) {
  // A pid is only sure to be the worker's as long as the worker has not ended.
  KTSTR_TRY(wait_for_change(monotonic_now(), Fd()));
  for (std::size_t i = 0; i < workers.size(); ++i) {
    const WorkerPlan& plan = workers[i].plan;
    if (has_ended(workers[i])) continue;
    const Status changed = change(i, plan.slot->tid, plan.task());
    if (!changed && changed.error().saved_errno() != ESRCH) return changed;
  }
  return ok();
}

// Once a real-time task becomes ordinary the kernel gives it back its default timer slack (kernel/sched/syscalls.c
// since Linux 6.13), which would be measured as wake-up latency.
void WorkerGroup::State::let_timers_be_exact(pid_t pid, const std::string& task) const {
  const fs::path file = fmt::format("{}/{}/timerslack_ns", proc_root, pid);
  const Status written = write_text(file, "1");
  if (!written && written.error().code() != ErrorCode::kNotFound)
    log_debug("{} may wake up late by its timer slack: {}", task, written.error().render());
}

// One that is gone keeps what was seen before.
void WorkerGroup::State::note_sched() {
  SchedClassReader classes(proc_root);
  for (Worker& worker : workers) {
    const pid_t tid = worker.plan.slot->tid;
    const auto sched = has_ended(worker) ? Result<TaskSched>(fail(ErrorCode::kNotFound, "it is gone"))
                                         : read_task_sched(tid, worker.plan.task());
    if (!sched) continue;
    add_sched_class(worker.sched_class, classes.of(tid, sched->policy.kind));
    worker.nice = sched->nice;
  }
}

void WorkerGroup::State::wake_stopped() {
  if (!may_be_stopped) return;
  may_be_stopped = false;
  for (const Process& process : processes)
    if (::syscall(SYS_pidfd_send_signal, process.handle.pidfd.get(), SIGCONT, nullptr, 0) != 0 && errno != ESRCH)
      log_warn("cannot continue {} ({}), which a signal of ours may have stopped: errno {}", process.task,
               process.handle.pid, errno);
  update_hold();
}

void WorkerGroup::State::update_hold() {
  GroupBlock& block = memory.group();
  const bool held = frozen || may_be_stopped;
  if (held == (block.hold.read().since_ns != 0)) return;
  const auto now_ns = static_cast<std::uint64_t>(monotonic_now().count());
  if (!held) return block.hold.end(now_ns);
  // Their next checkpoint counts from the end of the hold.
  for (Worker& worker : workers) {
    if (!released || has_ended(worker)) continue;
    const HoldTimes::Wait wait = open_wait(*worker.plan.slot, block, now_ns);
    if (wait.ns > worker.held_wait.ns) worker.held_wait = wait;
  }
  block.hold.begin(now_ns);
}

WorkerGroup::State::~State() { kill_and_reap(); }

// Before it is reaped: a zombie still has its schedstat. A thread that is gone has none.
void WorkerGroup::State::add_times_from_outside(WorkerReport& report, const WorkerSlot& slot) const {
  Schedstat now;
  const std::string path = fmt::format("{}/{}/schedstat", proc_root, slot.tid.load());
  if (read_schedstat(path.c_str(), now)) add_schedstat(report, slot, now);
}

WorkerReport WorkerGroup::State::report_of(std::size_t i, std::uint64_t now_ns) {
  const Worker& worker = workers[i];
  const WorkerSlot& slot = *worker.plan.slot;
  const bool process_ended = processes[worker.process].ended;
  WorkerReport report = published_report(slot, memory.group());
  const bool finished = slot.state == WorkerSlot::kFinished;
  if (!finished) add_times_from_outside(report, slot);
  if (process_ended) report.exit = exit_of(worker);
  if (!finished) {
    // One that the scenario has killed was as good as any other until then.
    if (process_ended && kill_expected_ns != 0 && report.exit.empty())
      close_at(report, slot, memory.group(), std::max(kill_expected_ns, slot.last_checkpoint_ns.load()));
    else if (process_ended)
      close_at_death(report, slot);
    else
      close_at(report, slot, memory.group(), now_ns);
  }
  note_wait(report, worker.held_wait);
  add_held(report, memory.group());
  if (!finished && !process_ended && look_at_task(proc_root, slot.tid).state == 'R') add_open_run_delay(report);
  report.cgroup = cgroup;
  report.group = worker.plan.spec;
  report.index = first_index + static_cast<int>(i);
  report.pid = slot.tid;
  report.sched_class = worker.sched_class;
  report.nice = worker.nice;
  report.responded = has_ended(worker);
  return report;
}

WorkerGroup::WorkerGroup(std::unique_ptr<State> state) : state_(std::move(state)) {}
WorkerGroup::WorkerGroup(WorkerGroup&&) noexcept = default;
WorkerGroup& WorkerGroup::operator=(WorkerGroup&&) noexcept = default;
WorkerGroup::~WorkerGroup() = default;

Result<WorkerGroup> WorkerGroup::spawn(const std::vector<WorkerPart>& parts, int first_index) {
  const std::string where = parts.empty() ? "workers of no cgroup" : workers_of_place(parts.front().placement.cgroup);
  KTSTR_TRY(check_parts(parts).context(where));
  auto state = std::make_unique<State>();
  KTSTR_TRY(state->start(parts, first_index).context(where));
  KTSTR_TRY(state->wait_until_ready().context(where));
  // The descriptor is the caller's and was only promised for the call.
  for (Worker& worker : state->workers) worker.plan.cgroup_dir = nullptr;
  if (state->leader) {
    state->leader->cgroup_dir = nullptr;
    KTSTR_TRY(hand_over(*state->leader, state->leader->slot->tid).context(where));
  }
  for (const Worker& worker : state->workers) KTSTR_TRY(hand_over(worker.plan, worker.plan.slot->tid).context(where));
  state->note_sched();
  WorkerGroup group(std::move(state));
  if (const auto& allowed = parts.front().placement.allowed) group.set_allowed(*allowed);
  return group;
}

int WorkerGroup::size() const { return static_cast<int>(state_->workers.size()); }

std::vector<int> WorkerGroup::pids() const {
  std::vector<int> pids;
  for (const Worker& worker : state_->workers) pids.push_back(worker.plan.slot->tid);
  return pids;
}

std::vector<int> WorkerGroup::processes() const {
  std::vector<int> pids;
  for (const Process& process : state_->processes) pids.push_back(process.handle.pid);
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
  Status changed = state_->change_each(
      [&](std::size_t, pid_t pid, const std::string& task) { return set_task_nice(pid, nice, task); });
  state_->note_sched();
  return changed;
}

Status WorkerGroup::set_policy(const SchedPolicy& policy) {
  KTSTR_TRY(policy.validate().context(state_->where()));
  Status changed = state_->change_each([&](std::size_t, pid_t pid, const std::string& task) -> Status {
    KTSTR_TRY(set_task_policy(pid, policy, task));
    state_->let_timers_be_exact(pid, task);
    return ok();
  });
  state_->note_sched();
  return changed;
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
  state_->update_hold();
  for (const Process& process : state_->processes)
    if (::syscall(SYS_pidfd_send_signal, process.handle.pidfd.get(), number, nullptr, 0) != 0 && errno != ESRCH)
      return fail_errno("cannot send signal {} to {}", number, process.task);
  if (number == SIGCONT) state_->may_be_stopped = false;
  state_->update_hold();
  return ok();
}

void WorkerGroup::set_frozen(bool frozen) {
  state_->frozen = frozen;
  state_->update_hold();
}

void WorkerGroup::expect_kill() {
  for (Process& process : state_->processes) {
    state_->reap(process);
    process.before_kill = process.before_kill || process.ended;
  }
  state_->kill_expected_ns = static_cast<std::uint64_t>(monotonic_now().count());
}

void WorkerGroup::release() {
  GroupBlock& block = state_->memory.group();
  const auto now_ns = static_cast<std::uint64_t>(monotonic_now().count());
  block.released_ns.store(now_ns);
  block.held_before_ns.store(block.hold.read().held_by(now_ns));
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

Status WorkerGroup::stop(std::chrono::nanoseconds grace) {
  if (!state_->released)
    return fail(ErrorCode::kInvalidArgument, "{} can be stopped after they were released", state_->where());
  if (state_->stopped) return ok();
  request_stop();
  KTSTR_TRY(state_->wait_until_ended(monotonic_now() + grace));
  state_->stopped = true;
  state_->killed_at = monotonic_now();
  const auto now_ns = static_cast<std::uint64_t>(state_->killed_at.count());
  for (std::size_t i = 0; i < state_->workers.size(); ++i) state_->reports.push_back(state_->report_of(i, now_ns));
  state_->send_kill();
  return ok();
}

Result<std::vector<WorkerReport>> WorkerGroup::collect(std::chrono::nanoseconds grace) {
  if (!state_->released || state_->collected)
    return fail(ErrorCode::kInvalidArgument, "{} can be collected once, after they were released", state_->where());
  KTSTR_TRY(stop(grace));
  state_->collected = true;
  KTSTR_TRY(state_->wait_for_deaths());
  for (std::size_t i = 0; i < state_->workers.size(); ++i)
    state_->reports[i].gone = state_->has_ended(state_->workers[i]);
  return std::move(state_->reports);
}

}  // namespace ktstr
