// SPDX-License-Identifier: Apache-2.0
//
// The end of a group: workers are stopped or killed, waited for, and reported.
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>

#include "base/file.h"
#include "base/log.h"
#include "base/system/process.h"
#include "base/system/task_seen.h"
#include "workload/worker_group_state.h"
#include "workload/worker_slot.h"

namespace ktstr {

namespace {

// Of workers that are dropped. To give back its copy of our memory takes a worker some ms of CPU time, and longer where
// others want the CPU too; one that gets none does not die.
constexpr std::chrono::milliseconds kDropWait{500};

}  // namespace

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

WorkerGroup::State::~State() {
  kill_and_reap();
  for (Worker& worker : workers)
    if (worker.process < processes.size() && !processes[worker.process].ended) worker.live.leave();
}

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
    // Of one that has died by itself no gap is open.
    if (process_ended && kill_expected_ns != 0 && report.exit.empty())
      close_at(report, slot, memory.group(), std::max(kill_expected_ns, slot.live->last_checkpoint_ns.load()));
    else if (!process_ended)
      close_at(report, slot, memory.group(), now_ns);
  }
  note_wait(report, worker.held_wait);
  add_held(report, memory.group());
  if (!finished && !process_ended && look_at_task(proc_root, slot.tid).state == 'R') add_open_run_delay(report);
  add_measures(report, worker.plan.type, worker.plan.resources->measures(worker.plan.index));
  report.node_pages = worker.node_pages;
  report.spec = worker.plan.spec;
  report.role = worker.plan.role_name;
  report.pid = slot.tid;
  report.sched_class = worker.sched_class;
  report.nice = worker.nice;
  report.responded = has_ended(worker);
  return report;
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
  for (std::size_t i = 0; i < state_->workers.size(); ++i) {
    state_->reports.push_back(state_->report_of(i, now_ns));
    state_->breather.breathe();
  }
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
  if (state_->all_ended())
    for (GroupResources& shared : state_->resources) shared.end();
  return std::move(state_->reports);
}

}  // namespace ktstr
