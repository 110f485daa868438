// SPDX-License-Identifier: Apache-2.0
#include "trace/task_table.h"

#include <fmt/format.h>

#include "trace/kernel_constants.h"

namespace ktstr {

namespace {

// A guest may say anything.
constexpr int kDeepestCgroup = 64;  // parents may go round

}  // namespace

TracedTask* TaskTable::make(std::int32_t pid) {
  if (pid == 0 || (tasks_.size() >= kMostTasks && !tasks_.contains(pid))) return nullptr;
  return &tasks_[pid];
}

void TaskTable::name_cgroup(std::uint64_t cgroup, std::uint64_t parent, const TraceText<4>& name) {
  if (cgroup != 0 && cgroups_.size() < kMostCgroups) cgroups_[cgroup] = {parent, name.str()};
}

const TracedTask* TaskTable::task(std::int32_t pid) const {
  const auto found = tasks_.find(pid);
  return found == tasks_.end() ? nullptr : &found->second;
}

std::string TaskTable::comm(std::int32_t pid, std::uint32_t cpu) const {
  if (pid == 0) return fmt::format("swapper/{}", cpu);
  const TracedTask* const found = task(pid);
  return found == nullptr ? "?" : found->comm;
}

std::int32_t TaskTable::running(std::uint32_t cpu) const {
  return cpu < scheduling_.cpus().size() ? scheduling_.cpus()[cpu].current : 0;
}

std::uint64_t TaskTable::cgroup_of(std::int32_t pid) const {
  const TaskNow* const now = scheduling_.task(pid);
  return now == nullptr ? 0 : now->cgroup;
}

std::string TaskTable::cgroup_path(std::uint64_t cgroup) const {
  std::string path;
  for (int depth = 0; depth < kDeepestCgroup; ++depth) {
    const auto found = cgroups_.find(cgroup);
    if (found == cgroups_.end()) return fmt::format("cgroup {}{}", cgroup, path);
    if (found->second.parent == 0) break;  // the root, whatever its name is
    path.insert(0, "/" + found->second.name);
    cgroup = found->second.parent;
  }
  return path.empty() ? "/" : path;
}

bool TaskTable::is_within(std::uint64_t cgroup, std::uint64_t above) const {
  for (int depth = 0; depth < kDeepestCgroup && cgroup != 0; ++depth) {
    if (cgroup == above) return true;
    const auto found = cgroups_.find(cgroup);
    if (found == cgroups_.end()) return false;
    cgroup = found->second.parent;
  }
  return false;
}

TaskChange TaskTable::follow(const TraceEvent& event) {
  if (gone_) tasks_.erase(*gone_);
  gone_.reset();
  TaskChange change;
  scheduling_.add(event, [&](const Transition& transition) {
    if (transition.after == TaskPhase::kDead) change.gone = gone_ = transition.pid;
    change.is_wakeup = event.kind == TraceKind::kEnqueue && transition.after == TaskPhase::kWaiting;
  });
  switch (event.kind) {
    case TraceKind::kTaskSeen: {
      const auto seen = event_as<trace::TaskSeen>(event);
      if (TracedTask* const task = make(seen.pid)) *task = {.tgid = seen.tgid, .comm = seen.comm.str()};
      break;
    }
    case TraceKind::kFork: {
      const auto fork = event_as<trace::Fork>(event);
      if (TracedTask* const task = make(fork.pid)) *task = {.tgid = fork.tgid, .comm = fork.comm.str(), .is_new = true};
      break;
    }
    case TraceKind::kRename: {
      const auto rename = event_as<trace::Rename>(event);
      if (TracedTask* const task = make(rename.pid)) task->comm = rename.comm.str();
      break;
    }
    case TraceKind::kSwitch: {
      const auto switched = event_as<trace::Switch>(event);
      if (const auto next = tasks_.find(switched.next); next != tasks_.end())
        next->second.prio = static_cast<std::uint32_t>(switched.next_prio);
      break;
    }
    case TraceKind::kEnqueue: {
      const auto woken = tasks_.find(event_as<trace::Enqueue>(event).pid);
      if (!change.is_wakeup || woken == tasks_.end()) break;
      change.is_first_wakeup = woken->second.is_new;
      woken->second.is_new = false;
      break;
    }
    case TraceKind::kCgroupSeen: {
      const auto seen = event_as<trace::CgroupSeen>(event);
      name_cgroup(seen.cgroup, seen.parent, seen.name);
      break;
    }
    case TraceKind::kCgroupMove: {
      const auto move = event_as<trace::CgroupMove>(event);
      name_cgroup(move.cgroup, move.parent, move.name);
      break;
    }
    case TraceKind::kProbePlaced:
    case TraceKind::kNamedValue:
      probes_.follow(event);
      break;
    default:
      break;
  }
  return change;
}

}  // namespace ktstr
