// SPDX-License-Identifier: Apache-2.0
#include "trace/scheduling.h"

#include <algorithm>
#include <utility>

#include "trace/kernel_constants.h"

namespace ktstr {

namespace {

constexpr int kPrioOfNice0 = 120;
constexpr int kDeepest = 64;  // of cgroups below each other

// kernel/sched/sched.h: DEQUEUE_SAVE and ENQUEUE_RESTORE, with which a task is given other attributes. The kernel's
// account of waits does not notice.
constexpr std::uint32_t kKeepsItsPlace = 0x02;

// None where it could not be read: no task may run nowhere.
std::optional<CpuBits> known_mask(const TraceEvent& event, const CpuBits& mask) {
  const bool is_empty = std::all_of(mask.begin(), mask.end(), [](std::uint64_t word) { return word == 0; });
  return event.unreadable != 0 || is_empty ? std::nullopt : std::optional(mask);
}

// From the choice of a CPU to its queue, with an interrupt of that CPU in between.
constexpr std::uint64_t kLongestWakeupNs = 1'000'000;

std::optional<Rank> rank_of(const trace::Enqueue& event) {
  if (event.static_prio == 0) return {};
  return Rank{.group = event.group,
              .sched_class = SchedClass{static_cast<std::uint8_t>(std::min<std::uint32_t>(event.sched_class, 5))},
              .policy = event.policy,
              .nice = static_cast<int>(event.static_prio) - kPrioOfNice0};
}

// A task that stays on its queue while it sleeps (delayed) is put back at the switch.
void end_run(KernelAccount& kernel, const trace::Switch& event) {
  const std::uint64_t until = kernel.left_at != 0 && event.prev_delayed == 0 ? kernel.left_at : event.clock;
  if (kernel.running_at != 0 && until > kernel.running_at) kernel.ran_ns += until - kernel.running_at;
  kernel.running_at = kernel.left_at = 0;
}

// Whoever comes onto or leaves a queue of EEVDF brings the account of the task up to date that runs in it, even of one
// that has left the queue itself: the search for another task for the CPU lets that happen.
void note_update(std::map<std::int32_t, TaskNow>& tasks, const std::vector<CpuNow>& cpus, std::uint32_t cpu,
                 std::uint32_t group, std::uint64_t clock) {
  if (cpu >= cpus.size() || group == 0) return;
  const auto running = tasks.find(cpus[cpu].current);
  if (running == tasks.end() || running->second.kernel.left_at == 0 || !running->second.rank) return;
  if (running->second.rank->group == group) running->second.kernel.left_at = clock;
}

void end_wait(KernelAccount& kernel, std::uint64_t clock) {
  if (kernel.queued_at != 0 && clock > kernel.queued_at) kernel.waited_ns += clock - kernel.queued_at;
  kernel.queued_at = 0;
}

}  // namespace

const TaskNow* Scheduling::task(std::int32_t pid) const {
  const auto found = tasks_.find(pid);
  return found == tasks_.end() ? nullptr : &found->second;
}

CpuBits Scheduling::usable_cpus(const TaskNow& task) const {
  CpuBits usable{};
  for (std::uint32_t cpu = 0; cpu < cpus_.size() && cpu < usable.size() * 64; ++cpu)
    if (task.may_run_on(cpu)) usable[cpu / 64] |= std::uint64_t{1} << (cpu % 64);
  return usable;
}

// A cgroup without the cpu controller has no group of its own in the scheduler: its tasks are in that of one above.
bool Scheduling::is_throttled(std::uint64_t cgroup, std::uint32_t cpu) const {
  for (int level = 0; level < kDeepest && !throttled_.empty(); ++level) {
    if (throttled_.contains({cgroup, cpu})) return true;
    const auto parent = parents_.find(cgroup);
    if (parent == parents_.end()) return false;
    cgroup = parent->second;
  }
  return false;
}

std::uint64_t Scheduling::parent_of(std::uint64_t cgroup) const {
  const auto parent = parents_.find(cgroup);
  return parent == parents_.end() ? 0 : parent->second;
}

void Scheduling::note_parent(std::uint64_t cgroup, std::uint64_t parent) {
  if (cgroup == 0 || parent == 0 || parents_.size() >= kMostCgroups) return;
  parents_[cgroup] = parent;
}

void Scheduling::on_affinity(const TraceEvent& event) {
  const auto set = event_as<trace::Affinity>(event);
  if ((set.flags & kOfMigrationDisabled) != 0) return;
  const auto found = tasks_.find(set.pid);
  if (found == tasks_.end()) return;
  TaskNow& task = found->second;
  task.mask = known_mask(event, set.mask);
  task.steady_ns = task.masked_ns = now_ns_;
  // The kernel has it leave, which takes its time; one that may not migrate stays for longer.
  if (task.phase != TaskPhase::kSleeping && !task.may_run_on(task.cpu)) task.excused = task.cpu;
}

CpuNow& Scheduling::cpu_at(std::uint32_t cpu) {
  static thread_local CpuNow nowhere;
  if (cpu >= kMostCpus) return nowhere = {};
  if (cpu >= cpus_.size()) cpus_.resize(cpu + 1);
  return cpus_[cpu];
}

// Pid 0 is the idle task of each CPU, which has no phases of its own.
void Scheduling::go(std::int32_t pid, TaskPhase after, std::uint16_t cpu, std::uint64_t clock) {
  if (pid == 0 || (tasks_.size() >= kMostTasks && !tasks_.contains(pid))) return;
  TaskNow& task = tasks_[pid];
  if (on_transition_ != nullptr && *on_transition_)
    (*on_transition_)({.pid = pid, .before = task, .after = after, .at_ns = now_ns_, .cpu = cpu, .clock = clock});
  // Into which it is put for its next wait it is put before that begins.
  if (after == TaskPhase::kRunning) task.dsq.reset();
  task.phase = after;
  task.since_ns = now_ns_;
  task.cpu = cpu;
}

void Scheduling::on_switch(const trace::Switch& event, std::uint16_t cpu) {
  const bool sleeps = event.prev_on_rq == 0 || event.prev_delayed != 0;
  if (const auto prev = tasks_.find(event.prev); prev != tasks_.end() && event.prev != 0) {
    KernelAccount& kernel = prev->second.kernel;
    end_run(kernel, event);
    if (event.prev_state == 0) kernel.queued_at = event.clock;
  }
  if (event.prev != 0) {
    const TaskPhase after = (event.prev_state & kTaskDead) != 0 ? TaskPhase::kDead
                            : sleeps                            ? TaskPhase::kSleeping
                                                                : TaskPhase::kWaiting;
    go(event.prev, after, cpu, event.clock);
    if (after == TaskPhase::kDead) tasks_.erase(event.prev);
  }
  go(event.next, TaskPhase::kRunning, cpu, event.clock);
  if (const auto next = tasks_.find(event.next); next != tasks_.end()) {
    end_wait(next->second.kernel, event.clock);
    next->second.kernel.running_at = event.clock;
    next->second.queued = true;
    if (next->second.excused != cpu) next->second.excused.reset();
  }
  CpuNow& now = cpu_at(cpu);
  now.current = event.next;
  now.prio = event.next_prio;
  now.known = true;
}

// What ran there may have gone anywhere.
void Scheduling::on_hole(std::uint16_t cpu) {
  CpuNow& now = cpu_at(cpu);
  if (now.known && now.current != 0) go(now.current, TaskPhase::kUnknown, cpu, 0);
  now.current = 0;
  now.known = false;
}

// Where the trace has its enqueues, one that waits is put onto the other CPU's queue right after this.
void Scheduling::on_migrate(const trace::Migrate& event) {
  const auto found = tasks_.find(event.pid);
  if (found != tasks_.end() && found->second.phase == TaskPhase::kWaiting)
    found->second.cpu = static_cast<std::uint16_t>(event.to);
}

void Scheduling::on_enqueue(const trace::Enqueue& event, bool class_known) {
  TaskNow& task = tasks_[event.pid];
  const auto cpu = static_cast<std::uint16_t>(event.cpu);
  // One that sleeps on its queue is woken there; one that was taken off before is only moved, or has other attributes.
  const bool sleeps_on = event.delayed != 0 && task.phase == TaskPhase::kSleeping && task.taken_off;
  task.sched_class.reset();
  if (class_known)
    task.sched_class = SchedClass{static_cast<std::uint8_t>(std::min<std::uint32_t>(event.sched_class, 5))};
  auto rank = rank_of(event);
  if (rank) rank->cgroup = task.cgroup;
  if (task.rank != rank) task.steady_ns = now_ns_;
  task.rank = rank;
  task.queued = true;
  task.taken_off = false;
  task.kernel.left_at = 0;
  if (task.sched_class == SchedClass::kFair && event.delayed == 0)
    note_update(tasks_, cpus_, event.cpu, event.group, event.clock);
  // Its wakeup was under way, to a CPU that it was still allowed: the kernel has it leave from there.
  if (!task.may_run_on(cpu) && now_ns_ - task.masked_ns < kLongestWakeupNs) task.excused = cpu;
  if (task.phase == TaskPhase::kRunning) return;
  if (task.kernel.queued_at == 0 && (event.flags & kKeepsItsPlace) == 0) task.kernel.queued_at = event.clock;
  if (!sleeps_on && task.phase != TaskPhase::kWaiting)
    go(event.pid, TaskPhase::kWaiting, cpu, event.clock);
  else
    task.cpu = cpu;
}

// One that waits is put on another queue, or on this one with other attributes. One that runs is about to sleep, or is
// kept off by a quota.
void Scheduling::on_dequeue(const trace::Dequeue& event) {
  const auto found = tasks_.find(event.pid);
  if (found == tasks_.end()) return;
  TaskNow& task = found->second;
  const bool is_fair = event.sched_class == static_cast<std::uint32_t>(SchedClass::kFair);
  if (is_fair && task.rank) note_update(tasks_, cpus_, event.cpu, task.rank->group, event.clock);
  if (task.phase == TaskPhase::kRunning) {
    task.queued = false;
    if (is_fair) task.kernel.left_at = event.clock;
  }
  if (task.phase == TaskPhase::kSleeping) task.taken_off = true;
  const bool keeps_its_place = (event.flags & kKeepsItsPlace) != 0;
  // The scheduler is asked for a queue anew.
  if (keeps_its_place && task.phase == TaskPhase::kWaiting && task.sched_class == SchedClass::kExt) task.dsq.reset();
  if (!keeps_its_place) end_wait(task.kernel, event.clock);
}

void Scheduling::add(const TraceEvent& event, const OnTransition& on_transition) {
  on_transition_ = &on_transition;
  now_ns_ = std::max(now_ns_, event.time_ns);
  switch (event.kind) {
    case TraceKind::kCpuSeen: {
      const auto seen = event_as<trace::CpuSeen>(event);
      CpuNow& now = cpu_at(seen.cpu);
      now.current = seen.current;
      now.prio = CpuNow{}.prio;
      now.known = true;
      now.online = seen.online != 0;
      go(seen.current, TaskPhase::kRunning, static_cast<std::uint16_t>(seen.cpu), seen.clock);
      break;
    }
    case TraceKind::kTaskSeen: {
      const auto seen = event_as<trace::TaskSeen>(event);
      const TaskNow* const known = task(seen.pid);
      if (known == nullptr || known->phase != TaskPhase::kRunning)
        go(seen.pid, seen.on_rq != 0 && seen.delayed == 0 ? TaskPhase::kWaiting : TaskPhase::kSleeping,
           static_cast<std::uint16_t>(seen.cpu), 0);
      if (const auto found = tasks_.find(seen.pid); found != tasks_.end()) {
        found->second.cgroup = seen.cgroup;
        found->second.queued = seen.on_rq != 0;
        found->second.mask = known_mask(event, seen.mask);
      }
      break;
    }
    case TraceKind::kCgroupSeen: {
      const auto seen = event_as<trace::CgroupSeen>(event);
      note_parent(seen.cgroup, seen.parent);
      break;
    }
    case TraceKind::kFork: {
      const auto made = event_as<trace::Fork>(event);
      if (tasks_.size() >= kMostTasks) break;
      tasks_[made.pid] = {.since_ns = now_ns_,
                          .cpu = event.cpu,
                          .steady_ns = now_ns_,
                          .mask = known_mask(event, made.mask),
                          .cgroup = made.cgroup};
      break;
    }
    case TraceKind::kSwitch:
      if (is_hole(event))
        on_hole(event.cpu);
      else
        on_switch(event_as<trace::Switch>(event), event.cpu);
      break;
    case TraceKind::kEnqueue:
      if (tasks_.size() < kMostTasks)
        on_enqueue(event_as<trace::Enqueue>(event), (event.unreadable & kUnreadableClass) == 0);
      break;
    case TraceKind::kMigrate:
      on_migrate(event_as<trace::Migrate>(event));
      break;
    case TraceKind::kDequeue:
      on_dequeue(event_as<trace::Dequeue>(event));
      break;
    case TraceKind::kCgroupMove: {
      const auto moved = event_as<trace::CgroupMove>(event);
      note_parent(moved.cgroup, moved.parent);
      if (const auto found = tasks_.find(moved.pid); found != tasks_.end() && moved.cgroup != 0) {
        found->second.cgroup = moved.cgroup;
        if (found->second.rank) found->second.rank->cgroup = moved.cgroup;
        found->second.steady_ns = now_ns_;
      }
      break;
    }
    case TraceKind::kAffinity:
      on_affinity(event);
      break;
    case TraceKind::kDsqInsert:
    case TraceKind::kDsqInsertVtime: {
      // Both have the task and the queue in the same places.
      const auto insert = event_as<trace::DsqInsert>(event);
      if (const auto found = tasks_.find(insert.pid); found != tasks_.end()) found->second.dsq = insert.dsq;
      break;
    }
    case TraceKind::kDsqMove: {
      const auto move = event_as<trace::DsqMove>(event);
      const auto found = tasks_.find(move.pid);
      if (found != tasks_.end() && found->second.phase == TaskPhase::kWaiting && found->second.dsq)
        found->second.dsq = move.dsq;
      break;
    }
    case TraceKind::kThrottle: {
      const auto at = event_as<trace::Throttle>(event);
      if (throttled_.size() < kMostCgroups) ++throttled_[{at.cgroup, at.cpu}];
      break;
    }
    case TraceKind::kUnthrottle: {
      const auto at = event_as<trace::Unthrottle>(event);
      const auto found = throttled_.find({at.cgroup, at.cpu});
      if (found != throttled_.end() && --found->second == 0) throttled_.erase(found);
      break;
    }
    case TraceKind::kCpuOnline:
      cpu_at(event_as<trace::CpuOnline>(event).cpu).online = true;
      break;
    case TraceKind::kCpuOffline:
      cpu_at(event_as<trace::CpuOffline>(event).cpu).online = false;
      break;
    case TraceKind::kIrqEnter:
      ++cpu_at(event.cpu).irq_depth;
      break;
    case TraceKind::kIrqExit:
      if (CpuNow& now = cpu_at(event.cpu); now.irq_depth > 0) --now.irq_depth;
      break;
    default:
      break;
  }
  on_transition_ = nullptr;
}

}  // namespace ktstr
