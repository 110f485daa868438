// SPDX-License-Identifier: Apache-2.0
#include "trace/story/lead_up.h"

#include <algorithm>

#include "trace/kernel_constants.h"
#include "trace/story/event_words.h"

namespace ktstr {

namespace {

constexpr std::size_t kTaskBefore = 4, kCpusBefore = 3, kTaskAfter = 3, kCpusAfter = 2;

// What a scheduler, or the kernel for it, does with a task that does not run.
bool is_touch(TraceKind kind) {
  switch (kind) {
    case TraceKind::kEnqueue:
    case TraceKind::kDequeue:
    case TraceKind::kMigrate:
    case TraceKind::kDsqInsert:
    case TraceKind::kDsqInsertVtime:
    case TraceKind::kDsqMove:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool LeadUpFinder::is_ours(std::uint32_t cpu) const {
  return std::find(stretch_.cpus.begin(), stretch_.cpus.end(), cpu) != stretch_.cpus.end();
}

bool LeadUpFinder::concerns_task(const TraceEvent& event, const TaskTable& before) const {
  if (stretch_.pid == 0) return false;
  if (event.kind == TraceKind::kSwitch) {
    const auto change = event_as<trace::Switch>(event);
    return change.prev == stretch_.pid || change.next == stretch_.pid;
  }
  if (event.kind == TraceKind::kThrottle || event.kind == TraceKind::kUnthrottle) {
    // Of its own cgroup or of one above it, on the CPU where it is.
    const TaskNow* const task = before.scheduling().task(stretch_.pid);
    const auto at = event_as<trace::Throttle>(event);
    return task != nullptr && at.cpu == task->cpu && before.is_within(task->cgroup, at.cgroup);
  }
  return event.kind != TraceKind::kTaskSeen && task_of(event, before) == stretch_.pid;
}

bool LeadUpFinder::concerns_cpus(const TraceEvent& event) const {
  switch (event.kind) {
    case TraceKind::kSwitch:
      return is_ours(event.cpu);
    case TraceKind::kKick:
      return is_ours(static_cast<std::uint32_t>(event_as<trace::Kick>(event).cpu));
    case TraceKind::kCpuOnline:
    case TraceKind::kCpuOffline:
      return is_ours(event_as<trace::CpuOnline>(event).cpu);
    case TraceKind::kProbe:
      return is_ours(event.cpu);
    case TraceKind::kSchedulerExit:
      return true;
    default:
      return false;
  }
}

void LeadUpFinder::add(const TraceEvent& event, const TaskTable& before) {
  if (event.time_ns > stretch_.to_ns) return;
  const bool of_task = concerns_task(event, before);
  if (of_task || concerns_cpus(event)) keep(event, before, of_task);
  if (of_task && is_touch(event.kind)) note_touch(event, before);
  if (event.kind == TraceKind::kSwitch || event.kind == TraceKind::kCpuSeen) note_switch(event, before);
}

void LeadUpFinder::note_touch(const TraceEvent& event, const TaskTable& before) {
  const bool inside = event.time_ns > stretch_.from_ns;
  if (inside && found_.ran_again) return;
  const TaskNow* const task = before.scheduling().task(stretch_.pid);
  // Of one that runs it is what makes it sleep, or gives it other attributes.
  if (task != nullptr && task->phase == TaskPhase::kRunning && event.kind == TraceKind::kDequeue) return;
  found_.last_touch = {event.time_ns, event.cpu, event_words(event, before), false};
}

void LeadUpFinder::note_switch(const TraceEvent& event, const TaskTable& before) {
  if (event.cpu >= kMostCpus) return;
  if (event.cpu >= running_.size()) running_.resize(event.cpu + std::size_t{1});
  Running& running = running_[event.cpu];
  const bool seen = event.kind == TraceKind::kCpuSeen;
  const std::int32_t prev = seen ? 0 : event_as<trace::Switch>(event).prev;
  const std::int32_t next = seen ? event_as<trace::CpuSeen>(event).current : event_as<trace::Switch>(event).next;
  const bool known = running.since_ns != 0 && running.pid == prev && prev != 0;
  const auto ran = [&] { return LeadUpRun{prev, task_text(prev, before), event.cpu, running.since_ns, event.time_ns}; };
  if (event.time_ns <= stretch_.from_ns) {
    if (known && prev == stretch_.pid) found_.last_ran = ran();
    if (known && stretch_.cpu == event.cpu) found_.cpu_ran = ran();
  } else if (next == stretch_.pid) {
    found_.ran_again = true;
  }
  running = {next, is_hole(event) ? 0 : event.time_ns};
}

void LeadUpFinder::keep(const TraceEvent& event, const TaskTable& before, bool of_task) {
  ++numbers_;
  const bool is_before = event.time_ns < stretch_.from_ns;
  std::vector<Kept>& after = of_task ? task_after_ : cpus_after_;
  if (!is_before && after.size() == (of_task ? kTaskAfter : kCpusAfter)) return;
  Kept kept{{event.time_ns, event.cpu, event_words(event, before), false}, numbers_};
  if (kept.event.words.empty()) return;
  if (!is_before) return after.push_back(std::move(kept));
  std::deque<Kept>& ring = of_task ? task_before_ : cpus_before_;
  ring.push_back(std::move(kept));
  if (ring.size() > (of_task ? kTaskBefore : kCpusBefore)) ring.pop_front();
}

LeadUp LeadUpFinder::finish() {
  std::vector<Kept> all(task_before_.begin(), task_before_.end());
  all.insert(all.end(), cpus_before_.begin(), cpus_before_.end());
  all.insert(all.end(), task_after_.begin(), task_after_.end());
  all.insert(all.end(), cpus_after_.begin(), cpus_after_.end());
  std::sort(all.begin(), all.end(), [](const Kept& a, const Kept& b) { return a.number < b.number; });
  std::uint64_t last = 0;
  for (Kept& one : all) {
    one.event.skipped = last != 0 && one.number != last + 1;
    last = one.number;
    found_.events.push_back(std::move(one.event));
  }
  return std::move(found_);
}

}  // namespace ktstr
