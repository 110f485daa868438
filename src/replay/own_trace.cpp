// SPDX-License-Identifier: Apache-2.0
#include "replay/own_trace.h"

#include "trace/task_table.h"

namespace ktstr {

namespace {

class OwnTraceReader {
 public:
  Status event(const TraceEvent& event) {
    const bool in_interrupt = is_in_interrupt(event.cpu);
    const TaskChange change = tasks_.follow(event);
    if (event.kind == TraceKind::kCpuSeen) {
      const auto seen = event_as<trace::CpuSeen>(event);
      if (seen.cpu >= Recording::kMostCpus) return ok();
      return recording_.add({.time_ns = event.time_ns,
                             .cpu = static_cast<std::uint16_t>(seen.cpu),
                             .from = kNobodyKnown,
                             .to = seen.current});
    }
    if (event.kind == TraceKind::kSwitch) return add_switch(event);
    if (!change.is_wakeup) return ok();
    const auto enqueue = event_as<trace::Enqueue>(event);
    note(enqueue.pid, event.cpu);
    return recording_.add({.time_ns = event.time_ns,
                           .kind = RecordedEvent::Kind::kWakeup,
                           .by_task = !in_interrupt,
                           .cpu = event.cpu,
                           .to = enqueue.pid});
  }

  Result<Recording> finish(const TraceReader& reader) {
    recording_.knows_interrupts = reader.header().source == "plugin";
    for (const TraceGap& gap : reader.header().missing)
      if (gap.kind == kLostEvents) recording_.notes.push_back("the trace has holes: " + gap.why);
    if (reader.cut_short()) recording_.notes.emplace_back("the trace is cut short");
    if (reader.not_stored() > 0)
      recording_.notes.push_back(
          fmt::format("the trace became too large: its last {} events were not stored", reader.not_stored()));
    KTSTR_TRY(recording_.finish());
    return std::move(recording_);
  }

 private:
  bool is_in_interrupt(std::uint32_t cpu) const {
    const auto& cpus = tasks_.scheduling().cpus();
    return cpu < cpus.size() && cpus[cpu].irq_depth > 0;
  }

  Status add_switch(const TraceEvent& event) {
    if (is_hole(event)) {
      ++recording_.losses;
      return recording_.add({.time_ns = event.time_ns, .cpu = event.cpu});
    }
    const auto change = event_as<trace::Switch>(event);
    note(change.next, event.cpu);
    note(change.prev, event.cpu);
    return recording_.add({.time_ns = event.time_ns,
                           .sleeps = change.prev_on_rq == 0 || change.prev_delayed != 0,
                           .cpu = event.cpu,
                           .from = change.prev,
                           .to = change.next,
                           .priority = change.next_prio});
  }

  void note(std::int32_t pid, std::uint32_t cpu) {
    if (pid <= 0) return;
    if (tasks_.task(pid) != nullptr) recording_.name(pid, tasks_.comm(pid, cpu));
    // The harness and the kernel are in the root.
    const std::uint64_t cgroup = tasks_.cgroup_of(pid);
    if (cgroup != 0 && tasks_.cgroup_path(cgroup) != "/") recording_.worth.insert(pid);
  }

  TaskTable tasks_;
  Recording recording_;
};

}  // namespace

Result<Recording> read_own_trace(TraceReader& reader) {
  OwnTraceReader own;
  for (;;) {
    KTSTR_TRY_ASSIGN(const std::optional<TraceEvent> event, reader.next());
    if (!event) break;
    KTSTR_TRY(own.event(*event));
  }
  return own.finish(reader);
}

}  // namespace ktstr
