// SPDX-License-Identifier: Apache-2.0
#include "workload/worker_group.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include <algorithm>
#include <functional>

#include "base/file.h"
#include "base/log.h"
#include "workload/task/node_pages.h"
#include "workload/task/sched_class.h"
#include "workload/task/task_affinity.h"
#include "workload/task/task_sched.h"
#include "workload/task/task_times.h"
#include "workload/types/work_types.h"
#include "workload/worker_group_state.h"
#include "workload/worker_setup.h"
#include "workload/worker_slot.h"

namespace ktstr {

namespace {

// For each process of a group, between one change and the next look at all of them.
constexpr std::chrono::microseconds kGather{10};

std::string workers_of_place(const std::string& cgroup) {
  return cgroup.empty() ? "workers outside of the cgroups" : "workers of " + cgroup;
}

}  // namespace

std::string WorkerGroup::State::where() const { return workers_of_place(cgroup); }

Status WorkerGroup::State::prepare(const std::vector<WorkerPart>& parts) {
  GroupMemory::Sizes sizes{.slots = parts.front().spec.pcomm ? 1U : 0U};
  for (const WorkerPart& part : parts) {
    GroupResources& shared =
        resources.emplace_back(static_cast<std::size_t>(part.spec.workers), part.placement.cgroup_dir);
    KTSTR_TRY(prepare_work(part.spec.type, shared).context(std::string(name_of(part.spec.type))));
    sizes.slots += shared.workers();
    sizes.latencies += shared.latencies();
    sizes.words += shared.word_count();
    sizes.counts += shared.counts();
    for (const Fd& file : shared.files()) kept_files.push_back(file.get());
  }
  KTSTR_TRY_ASSIGN(memory, GroupMemory::create(sizes));
  ready_eventfd = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!kept_files.empty()) stop_event = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!ready_eventfd.valid() || stop_event.valid() == kept_files.empty()) return fail_errno("cannot make an eventfd");
  kept_files.push_back(ready_eventfd.get());
  if (stop_event.valid()) kept_files.push_back(stop_event.get());
  std::sort(kept_files.begin(), kept_files.end());
  SharedWord* words = memory.words().data();
  WorkMeasures measures{memory.latencies(), memory.counts()};
  for (GroupResources& shared : resources) {
    shared.bind(words, measures, stop_event.get());
    words += shared.word_count();
    measures.latencies += shared.latencies();
    measures.counts += shared.counts();
  }
  return ok();
}

Status WorkerGroup::State::add_part(const WorkerPart& part, const GroupResources& shared) {
  const int first = first_index + static_cast<int>(workers.size());
  for (std::size_t i = 0; i < static_cast<std::size_t>(part.spec.workers); ++i) {
    Worker worker;
    KTSTR_TRY_ASSIGN(worker.plan, plan_worker(part.spec, part.placement, first, i, part.seed));
    worker.plan.ready_eventfd = ready_eventfd.get();
    worker.plan.group = &memory.group();
    worker.plan.slot = &memory.slot(workers.size());
    worker.plan.kept_files = &kept_files;
    worker.plan.resources = &shared;
    worker.plan.index = i;
    workers.push_back(std::move(worker));
  }
  return ok();
}

void WorkerGroup::State::place(std::size_t i) {
  Worker& worker = workers[i];
  worker.live = LivePlace(live, cgroup, first_index + static_cast<int>(i));
  if (worker.live.entry() != nullptr) worker.plan.slot->live = worker.live.entry();
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
  KTSTR_TRY(prepare(parts));
  for (std::size_t i = 0; i < parts.size(); ++i) KTSTR_TRY(add_part(parts[i], resources[i]));
  if (!parts.front().spec.pcomm) {
    for (std::size_t i = 0; i < workers.size(); ++i) {
      place(i);
      workers[i].process = processes.size();
      KTSTR_TRY(add_process(workers[i].plan, start_worker(workers[i].plan)));
      breather.breathe();
    }
    return ok();
  }
  leader = plan_leader(parts.front(), first);
  leader->ready_eventfd = ready_eventfd.get();
  leader->group = &memory.group();
  leader->slot = &memory.slot(workers.size());
  leader->kept_files = &kept_files;
  leader->threads = &threads;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    place(i);
    threads.plans.push_back(&workers[i].plan);
  }
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
  // The more there are to look at, the more of them at a time: each alone would make it the square of their number.
  if (ready > 0) sleep_for(kGather * processes.size());
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

Status WorkerGroup::State::change_each(
    const std::function<Status(std::size_t i, pid_t pid, const std::string& task)>& change) {
  // A pid is only sure to be the worker's as long as the worker has not ended.
  KTSTR_TRY(wait_for_change(monotonic_now(), Fd()));
  for (std::size_t i = 0; i < workers.size(); ++i) {
    const WorkerPlan& plan = workers[i].plan;
    if (has_ended(workers[i])) continue;
    Status changed = change(i, plan.slot->tid, plan.task());
    if (!changed && changed.error().saved_errno() != ESRCH) return changed;
  }
  return ok();
}

// Once a real-time task becomes ordinary the kernel gives it back its default timer slack (kernel/sched/syscalls.c
// since Linux 6.13), which would be measured as wake-up latency.
void WorkerGroup::State::set_timer_slack(const WorkerPlan& plan, pid_t pid, const std::string& task) const {
  const fs::path file = fmt::format("{}/{}/timerslack_ns", proc_root, pid);
  const Status written = write_text(file, std::to_string(plan.timer_slack.count()));
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
    breather.breathe();
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

WorkerGroup::WorkerGroup(std::unique_ptr<State> state) : state_(std::move(state)) {}
WorkerGroup::WorkerGroup(WorkerGroup&&) noexcept = default;
WorkerGroup& WorkerGroup::operator=(WorkerGroup&&) noexcept = default;
WorkerGroup::~WorkerGroup() = default;

Result<WorkerGroup> WorkerGroup::spawn(const std::vector<WorkerPart>& parts, int first_index,
                                       std::shared_ptr<LiveWorkers> live) {
  const std::string where = parts.empty() ? "workers of no cgroup" : workers_of_place(parts.front().placement.cgroup);
  KTSTR_TRY(check_parts(parts).context(where));
  auto state = std::make_unique<State>();
  state->live = std::move(live);
  KTSTR_TRY(state->start(parts, first_index).context(where));
  KTSTR_TRY(state->wait_until_ready().context(where));
  for (Worker& worker : state->workers) {
    worker.live.has_pid(worker.plan.slot->tid);
    // The descriptor is the caller's and was only promised for the call.
    worker.plan.cgroup_dir = nullptr;
  }
  if (state->leader) {
    state->leader->cgroup_dir = nullptr;
    KTSTR_TRY(hand_over(*state->leader, state->leader->slot->tid).context(where));
  }
  for (const Worker& worker : state->workers) {
    KTSTR_TRY(hand_over(worker.plan, worker.plan.slot->tid).context(where));
    state->breather.breathe();
  }
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
  for (const Worker& worker : state_->workers) sum += worker.plan.slot->live->iterations;
  return sum;
}

void WorkerGroup::note_sched_class() { state_->note_sched(); }

Status WorkerGroup::set_nice(int nice) {
  KTSTR_TRY(check_nice(nice).context(state_->where()));
  Status changed = state_->change_each(
      [&](std::size_t, pid_t pid, const std::string& task) { return set_task_nice(pid, nice, task); });
  state_->note_sched();
  return changed;
}

Status WorkerGroup::set_policy(const SchedPolicy& policy) {
  KTSTR_TRY(policy.validate().context(state_->where()));
  Status changed = state_->change_each([&](std::size_t i, pid_t pid, const std::string& task) -> Status {
    KTSTR_TRY(set_task_policy(pid, policy, task));
    const WorkerPlan& plan = state_->workers[i].plan;
    if (plan.slice && check_slice(plan.slice, policy)) KTSTR_TRY(set_task_slice(pid, *plan.slice, task));
    state_->set_timer_slack(plan, pid, task);
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
  for (const Worker& worker : state_->workers) worker.live.is_released(now_ns);
  block.go.store(1);
  futex_wake_all(block.go);
  state_->released = true;
}

// Before they are told to stop, when they give it back.
void WorkerGroup::State::note_node_pages() {
  for (Worker& worker : workers) {
    if (!worker.plan.counts_pages || has_ended(worker)) continue;
    if (const auto maps = read_text(fmt::format("{}/{}/numa_maps", proc_root, worker.plan.slot->tid.load())))
      worker.node_pages = node_pages_of(*maps);
  }
}

void WorkerGroup::request_stop() {
  GroupBlock& block = state_->memory.group();
  if (block.stop.load() == 0) {
    state_->note_node_pages();
    block.stopped_ns.store(static_cast<std::uint64_t>(monotonic_now().count()));
    block.stop.store(1);
    futex_wake_all(block.stop);
    // After `stop`, which who wakes up looks at.
    for (SharedWord& word : state_->memory.words()) word.stop();
    if (state_->stop_event.valid()) ::eventfd_write(state_->stop_event.get(), 1);
  }
  // Even where the stop was requested before: the signal may have come since.
  state_->wake_stopped();
}

}  // namespace ktstr
