// SPDX-License-Identifier: Apache-2.0
#include "trace/story/trace_end.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "trace/kernel_constants.h"
#include "trace/story/event_words.h"
#include "trace/task_table.h"

namespace ktstr {

namespace {

constexpr std::size_t kMostShown = 8;
constexpr std::uint64_t kLongSilence = 100'000'000, kLongWait = 10'000'000;  // ns

struct CpuTimes {
  std::uint64_t since_ns = 0, last_event_ns = 0;
};

bool is_kept_off(const TaskNow& task, const Scheduling& now) {
  return !task.queued || now.is_throttled(task.cgroup, task.cpu);
}

TaskAtEnd task_at_end(std::int32_t pid, const TaskNow& task, const TaskTable& table) {
  return {pid, table.comm(pid, task.cpu), task.phase, task.since_ns, task.cpu};
}

void note(const TraceEvent& event, std::vector<CpuTimes>& cpus) {
  auto at = [&](std::uint32_t cpu) -> CpuTimes* {
    if (cpu >= kMostCpus) return nullptr;
    if (cpu >= cpus.size()) cpus.resize(cpu + std::size_t{1});
    return &cpus[cpu];
  };
  // What was there when the recorder began is no event of a CPU.
  if (event.kind == TraceKind::kCpuSeen || event.kind == TraceKind::kTaskSeen || event.kind == TraceKind::kCgroupSeen)
    return;
  CpuTimes* const times = at(event.cpu);
  if (times == nullptr) return;
  times->last_event_ns = event.time_ns;
  if (event.kind == TraceKind::kSwitch) times->since_ns = event.time_ns;
}

TraceEnd gather(const TaskTable& table, const std::vector<CpuTimes>& times, std::int32_t pid) {
  TraceEnd end;
  const Scheduling& now = table.scheduling();
  for (std::uint32_t cpu = 0; cpu < now.cpus().size(); ++cpu) {
    const CpuNow& one = now.cpus()[cpu];
    if (!one.known) continue;
    const CpuTimes of = cpu < times.size() ? times[cpu] : CpuTimes{};
    const TracedTask* const task = table.task(one.current);
    end.cpus.push_back({.cpu = cpu,
                        .pid = one.current,
                        .comm = one.current == 0 ? "" : table.comm(one.current, cpu),
                        .online = one.online,
                        .real_time = task != nullptr && static_cast<std::int32_t>(task->prio) < kLeastFairPrio,
                        .since_ns = of.since_ns,
                        .last_event_ns = of.last_event_ns});
  }
  for (const auto& [number, task] : now.tasks()) {
    if (number == pid) end.task = task_at_end(number, task, table);
    if (task.phase == TaskPhase::kWaiting && !is_kept_off(task, now))
      end.waiting.push_back(task_at_end(number, task, table));
  }
  std::stable_sort(end.waiting.begin(), end.waiting.end(),
                   [](const TaskAtEnd& a, const TaskAtEnd& b) { return a.since_ns < b.since_ns; });
  return end;
}

bool is_exit_asked_for(const TraceEvent& event, const EndAsked& asked) {
  if (event.kind != TraceKind::kSchedulerExit || !asked.exit_reasons || event.time_ns < asked.exit_after_ns)
    return false;
  const std::uint32_t reason = event_as<trace::SchedulerExit>(event).reason;
  return reason >= asked.exit_reasons->first && reason <= asked.exit_reasons->second;
}

std::string seconds(std::uint64_t at_ns, std::uint64_t begin_ns) {
  return fmt::format("{:.3f} s", static_cast<double>(at_ns - std::min(at_ns, begin_ns)) / 1e9);
}

std::string cpu_text(const CpuAtEnd& cpu, const TraceEnd& end, std::uint64_t begin_ns) {
  std::string text = fmt::format("CPU {} ", cpu.cpu);
  if (!cpu.online) return text + "was offline";
  text += cpu.pid == 0 ? "was idle"
                       : fmt::format("ran {} (pid {}{})", cpu.comm, cpu.pid, cpu.real_time ? ", real-time" : "");
  if (cpu.since_ns != 0 && cpu.since_ns >= begin_ns) text += " since " + seconds(cpu.since_ns, begin_ns);
  if (cpu.pid != 0 && cpu.last_event_ns + kLongSilence <= end.at_ns && cpu.last_event_ns >= begin_ns)
    text += ", with no event after " + seconds(cpu.last_event_ns, begin_ns);
  return text;
}

}  // namespace

Result<TraceEnd> trace_end(TraceReader& trace, const EndAsked& asked) {
  TaskTable table;
  std::vector<CpuTimes> times;
  std::optional<std::uint64_t> exit_ns;
  std::uint64_t at_ns = 0;
  bool is_cut_off = false;
  for (;;) {
    KTSTR_TRY_ASSIGN(const std::optional<TraceEvent> event, trace.next());
    if (!event) is_cut_off = trace.not_stored() > 0 || trace.header().has_holes();
    if (!event || event->time_ns > asked.until_ns) break;
    at_ns = std::max(at_ns, event->time_ns);
    if (is_exit_asked_for(*event, asked)) {
      exit_ns = event->time_ns;
      break;
    }
    table.follow(*event);
    note(*event, times);
  }
  if (at_ns == 0) return fail(ErrorCode::kNotFound, "the trace has no event until then");
  TraceEnd end = gather(table, times, asked.pid);
  end.at_ns = at_ns;
  end.is_cut_off = is_cut_off;
  end.scheduler_exit_ns = exit_ns;
  return end;
}

std::string to_text(const TraceEnd& end, std::uint64_t begin_ns) {
  // Those without a sign of life first, then those that run something.
  std::vector<CpuAtEnd> cpus = end.cpus;
  auto rank = [&](const CpuAtEnd& cpu) {
    if (cpu.pid != 0 && cpu.last_event_ns + kLongSilence <= end.at_ns) return 0;
    return cpu.pid != 0 ? 1 : 2;
  };
  std::stable_sort(cpus.begin(), cpus.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  std::vector<std::string> parts;
  for (const CpuAtEnd& cpu : cpus)
    if (parts.size() < kMostShown) parts.push_back(cpu_text(cpu, end, begin_ns));
  if (cpus.size() > kMostShown) parts.push_back(fmt::format("and {} more CPUs", cpus.size() - kMostShown));
  const bool one_waits = !end.waiting.empty() && end.waiting.front().since_ns + kLongWait <= end.at_ns;
  if (one_waits) {
    const TaskAtEnd& first = end.waiting.front();
    parts.push_back(fmt::format("{} (pid {}) had waited {} for CPU {}", first.comm, first.pid,
                                time_text(end.at_ns - std::max(first.since_ns, std::min(begin_ns, end.at_ns))),
                                first.cpu));
    if (end.waiting.size() > 1) parts.back() += fmt::format(", the longest of {}", end.waiting.size());
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace ktstr
