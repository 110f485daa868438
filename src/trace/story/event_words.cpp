// SPDX-License-Identifier: Apache-2.0
#include "trace/story/event_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "ktstr/topology.h"
#include "trace/kernel_constants.h"
#include "trace/story/explain.h"

namespace ktstr {

namespace {

// Of the CPUs that there are: what else is set in the kernel's memory means nothing.
std::string mask_text(const CpuBits& mask, std::size_t there) {
  CpuSet cpus;
  for (std::uint32_t cpu = 0; cpu < mask.size() * 64 && cpu < there; ++cpu)
    if (has_cpu(mask, cpu)) cpus.add(static_cast<Cpu>(cpu));
  if (cpus.size() == there) return "any CPU";
  return fmt::format("CPU{} {}", cpus.size() == 1 ? "" : "s", cpus.to_string());
}

std::string slice_text(std::uint64_t slice) {
  return slice == UINT64_MAX ? "a slice without end" : "a slice of " + time_text(slice);
}

std::string switch_words(const trace::Switch& event, std::uint16_t cpu, const TaskTable& table) {
  std::string next = event.next == 0 ? fmt::format("CPU {} goes idle", cpu)
                                     : fmt::format("{} runs on CPU {}", task_text(event.next, table), cpu);
  if (event.prev == 0) return next;
  const bool sleeps = event.prev_on_rq == 0 || event.prev_delayed != 0;
  const std::string prev = task_text(event.prev, table);
  if ((event.prev_state & kTaskDead) != 0) return next + "; " + prev + " is dead";
  return next + "; " + prev + (sleeps ? " sleeps" : " has to leave it");
}

std::string enqueue_words(const TraceEvent& of, const TaskTable& table) {
  const auto event = event_as<trace::Enqueue>(of);
  const auto in = SchedClass{static_cast<std::uint8_t>(std::min<std::uint32_t>(event.sched_class, 5))};
  const std::string sched_class =
      (of.unreadable & kUnreadableClass) != 0 ? "" : fmt::format(" (class {})", to_string(in));
  const TaskNow* const task = table.scheduling().task(event.pid);
  const TaskPhase phase = task == nullptr ? TaskPhase::kUnknown : task->phase;
  const bool wakes = phase == TaskPhase::kSleeping || phase == TaskPhase::kUnknown;
  return fmt::format("{} {} the queue of CPU {}{}", task_text(event.pid, table),
                     wakes ? "is woken, onto" : "is put onto", event.cpu, sched_class);
}

}  // namespace

std::string named_part(const std::string& cgroup_path) {
  const std::size_t slash = cgroup_path.find('/');
  const bool has_none = cgroup_path.starts_with("cgroup ") && slash != std::string::npos;
  return has_none ? cgroup_path.substr(slash + 1) : cgroup_path;
}

std::string time_text(std::uint64_t ns) {
  if (ns >= 1'000'000'000) return fmt::format("{:.2f} s", static_cast<double>(ns) / 1e9);
  if (ns >= 1'000'000) return fmt::format("{:.1f} ms", static_cast<double>(ns) / 1e6);
  return fmt::format("{:.0f} us", static_cast<double>(ns) / 1e3);
}

std::string task_text(std::int32_t pid, const TaskTable& table) {
  if (pid == 0) return "<idle>";
  const TracedTask* const task = table.task(pid);
  return fmt::format("{}[{}]", task == nullptr || task->comm.empty() ? "?" : task->comm, pid);
}

std::string probe_text(const TraceEvent& event, const TaskTable& table) {
  return table.probes().text(event, [&](std::int32_t pid) { return task_text(pid, table); });
}

std::int32_t task_of(const TraceEvent& event, const TaskTable& before) {
  switch (event.kind) {
    case TraceKind::kTaskSeen:
    case TraceKind::kEnqueue:
    case TraceKind::kDequeue:
    case TraceKind::kMigrate:
    case TraceKind::kFork:
    case TraceKind::kRename:
    case TraceKind::kCgroupMove:
    case TraceKind::kAffinity:
    case TraceKind::kPolicy:
    case TraceKind::kNice:
    case TraceKind::kDsqInsert:
    case TraceKind::kDsqInsertVtime:
    case TraceKind::kDsqMove:
    case TraceKind::kReleased:
      return event_as<trace::Rename>(event).pid;  // the first of all these
    case TraceKind::kExit:
    case TraceKind::kFreeze:
    case TraceKind::kThaw:
    case TraceKind::kYield:
      return before.running(event.cpu);
    case TraceKind::kProbe:
      return before.probes().task_of(event).value_or(0);
    default:
      return 0;
  }
}

std::string event_words(const TraceEvent& event, const TaskTable& before) {
  const std::string who = task_text(task_of(event, before), before);
  switch (event.kind) {
    case TraceKind::kSwitch:
      if (is_hole(event)) return fmt::format("events of CPU {} were lost", event.cpu);
      return switch_words(event_as<trace::Switch>(event), event.cpu, before);
    case TraceKind::kEnqueue:
      return enqueue_words(event, before);
    case TraceKind::kDequeue:
      return fmt::format("{} is taken off the queue of CPU {}", who, event_as<trace::Dequeue>(event).cpu);
    case TraceKind::kMigrate: {
      const auto move = event_as<trace::Migrate>(event);
      return fmt::format("{} is moved from CPU {} to CPU {}", who, move.from, move.to);
    }
    case TraceKind::kFork: {
      const auto fork = event_as<trace::Fork>(event);
      return fmt::format("{}[{}] is made by {}", fork.comm.str(), fork.pid, task_text(fork.parent, before));
    }
    case TraceKind::kRename:
      return fmt::format("{} is now called {}", who, event_as<trace::Rename>(event).comm.str());
    case TraceKind::kExit:
      return who + " ends";
    case TraceKind::kThrottle: {
      const auto at = event_as<trace::Throttle>(event);
      return fmt::format("{} has used up its quota on CPU {}", named_part(before.cgroup_path(at.cgroup)), at.cpu);
    }
    case TraceKind::kUnthrottle: {
      const auto at = event_as<trace::Unthrottle>(event);
      return fmt::format("{} may run on CPU {} again", named_part(before.cgroup_path(at.cgroup)), at.cpu);
    }
    case TraceKind::kQuota: {
      const auto set = event_as<trace::Quota>(event);
      const std::string of = named_part(before.cgroup_path(set.cgroup));
      if (set.quota > UINT64_MAX / 1000) return of + " gets no quota";
      return fmt::format("{} gets a quota of {} in {}", of, time_text(set.quota * set.unit),
                         time_text(set.period * set.unit));
    }
    case TraceKind::kCgroupMove: {
      const auto move = event_as<trace::CgroupMove>(event);
      return move.cgroup == 0 ? "" : fmt::format("{} moves into cgroup {}", who, move.name.str());
    }
    case TraceKind::kAffinity:
      return fmt::format("{} may run on {}", who,
                         mask_text(event_as<trace::Affinity>(event).mask, before.scheduling().cpus().size()));
    case TraceKind::kPolicy: {
      const auto set = event_as<trace::Policy>(event);
      return fmt::format("{} gets policy {}, priority {}, nice {}", who, set.policy, set.priority, set.nice);
    }
    case TraceKind::kNice:
      return fmt::format("{} gets nice {}", who, event_as<trace::Nice>(event).nice);
    case TraceKind::kYield:
      return who + " yields";
    case TraceKind::kFreeze:
      return who + " is frozen";
    case TraceKind::kThaw:
      return who + " is thawed";
    case TraceKind::kCpuOnline:
      return fmt::format("CPU {} goes online", event_as<trace::CpuOnline>(event).cpu);
    case TraceKind::kCpuOffline:
      return fmt::format("CPU {} goes offline", event_as<trace::CpuOffline>(event).cpu);
    case TraceKind::kDsqInsert:
    case TraceKind::kDsqInsertVtime: {
      // Both have these in the same places.
      const auto insert = event_as<trace::DsqInsert>(event);
      return fmt::format("{} goes into {}, with {}", who, dsq_text(insert.dsq, event.cpu), slice_text(insert.slice));
    }
    case TraceKind::kDsqMove:
      return fmt::format("{} is moved into {}", who, dsq_text(event_as<trace::DsqMove>(event).dsq, event.cpu));
    case TraceKind::kDsqMoveToLocal:
      return fmt::format("CPU {} looks into {}", event.cpu,
                         dsq_text(event_as<trace::DsqMoveToLocal>(event).dsq, event.cpu));
    case TraceKind::kKick:
      return fmt::format("CPU {} is kicked by CPU {}", event_as<trace::Kick>(event).cpu, event.cpu);
    case TraceKind::kSchedulerExit:
      return fmt::format("the kernel ends the BPF scheduler (reason {})",
                         before.probes().value_text("scx_exit_kind", event_as<trace::SchedulerExit>(event).reason));
    case TraceKind::kTick:
      return fmt::format("a tick on CPU {}", event.cpu);
    case TraceKind::kIrqEnter:
      return fmt::format("an interrupt on CPU {}", event.cpu);
    case TraceKind::kIrqExit:
      return fmt::format("the interrupt on CPU {} is over", event.cpu);
    case TraceKind::kProbe:
      return probe_text(event, before) + (event_as<trace::Probe>(event).ends() ? "" : " is called");
    default:
      return "";
  }
}

}  // namespace ktstr
