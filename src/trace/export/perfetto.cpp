// SPDX-License-Identifier: Apache-2.0
#include "trace/export/perfetto.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <unordered_map>

#include "probe_page.h"
#include "trace/export/perfetto_packets.h"
#include "trace/export/proto_writer.h"
#include "trace/kernel_constants.h"
#include "trace/story/event_words.h"
#include "trace/task_table.h"

namespace ktstr {

namespace {

// What sched_switch says of a task that leaves its CPU (__trace_sched_switch_state() in include/trace/events/sched.h):
// one bit of TASK_REPORT, TASK_REPORT_IDLE, or TASK_REPORT_MAX for one that could go on. A yield is not told apart from
// a preemption.
std::uint32_t reported_state(const trace::Switch& change) {
  constexpr std::uint32_t kPreempted = 0x100, kIdle = 0x80, kDead = 0x10;
  constexpr std::uint32_t kReported = 0x7f;
  if (change.prev == 0) return 0;
  if ((change.prev_state & kTaskDead) != 0) return kDead;
  const bool sleeps = change.prev_state != 0 && (change.prev_on_rq == 0 || change.prev_delayed != 0);
  if (!sleeps) return kPreempted;
  if ((change.prev_state & kTaskIdle) == kTaskIdle) return kIdle;
  const std::uint32_t reported = change.prev_state & kReported;
  return reported == 0 ? 2 : reported & ~(reported - 1);  // TASK_RTLOCK_WAIT is shown as TASK_UNINTERRUPTIBLE
}

bool is_of_the_beginning(TraceKind kind) {
  return kind == TraceKind::kCpuSeen || kind == TraceKind::kTaskSeen || kind == TraceKind::kCgroupSeen;
}

}  // namespace

struct PerfettoWriter::State : PerfettoPackets {
  using PerfettoPackets::PerfettoPackets;

  void flush_bundle(std::uint32_t cpu, ProtoWriter& events) {
    if (events.bytes().empty()) return;
    const std::size_t packet = begin_packet();
    const std::size_t bundle = out().open(pb::packet::kFtraceEvents);
    out().number(pb::bundle::kCpu, cpu_of(cpu));
    out().append(events.bytes());
    out().close(bundle);
    end_packet(packet);
    events.clear();
  }

  // Calls `fields` for the fields of the event `field`, which happened on a CPU while `pid` ran.
  template <typename Fields>
  void ftrace(std::uint64_t time_ns, std::uint32_t cpu, std::int32_t pid, std::uint32_t field, Fields&& fields) {
    ProtoWriter& events = bundles[cpu];
    const std::size_t event = events.open(pb::bundle::kEvent);
    events.number(pb::ftrace::kTimestamp, time_ns);
    events.number(pb::ftrace::kPid, static_cast<std::uint32_t>(pid_of(pid)));
    const std::size_t kind = events.open(field);
    fields(events);
    events.close(kind);
    events.close(event);
    if (events.bytes().size() >= kPerfettoFlushBytes) flush_bundle(cpu, events);
  }

  void introduce(const TraceHeader& header) {
    const std::size_t packet = begin_track_packet();
    out().number(pb::packet::kSequenceFlags, pb::packet::kStateCleared);
    const std::size_t info = out().open(pb::packet::kSystemInfo);
    const std::size_t utsname = out().open(pb::system_info::kUtsname);
    out().text(pb::system_info::kSysname, "Linux");
    out().text(pb::system_info::kRelease, header.kernel);  // decides how sched_switch's states are read
    out().close(utsname);
    out().number(pb::system_info::kNumCpus, side().cpus > 0 ? side().cpus : header.cpus);
    out().close(info);
    end_packet(packet);
  }

  // What happened.

  void task_seen(const TraceEvent& event) {
    const auto seen = event_as<trace::TaskSeen>(event);
    if (seen.pid == 0) return;  // a viewer knows the idle tasks
    const std::string comm = seen.comm.str();
    const std::size_t packet = begin_packet();
    out().number(pb::packet::kTimestamp, event.time_ns);
    const std::size_t tree = out().open(pb::packet::kProcessTree);
    if (seen.pid == seen.tgid) {
      const std::size_t process = out().open(pb::process_tree::kProcesses);
      out().number(pb::process_tree::kPid, pid_of(seen.pid));
      out().text(pb::process_tree::kCmdline, comm);
      out().close(process);
    }
    const std::size_t thread = out().open(pb::process_tree::kThreads);
    out().number(pb::process_tree::kTid, pid_of(seen.pid));
    out().number(pb::process_tree::kTgid, pid_of(seen.tgid));
    out().text(pb::process_tree::kName, comm);
    out().close(thread);
    out().close(tree);
    end_packet(packet);
  }

  void put_switch(std::uint64_t time_ns, std::uint32_t cpu, const trace::Switch& change, std::uint32_t prev_prio) {
    ftrace(time_ns, cpu, change.prev, pb::ftrace::kSchedSwitch, [&](ProtoWriter& fields) {
      fields.text(pb::sched_switch::kPrevComm, tasks.comm(change.prev, cpu));
      fields.number(pb::sched_switch::kPrevPid, pid_of(change.prev));
      fields.number(pb::sched_switch::kPrevPrio, prev_prio);
      fields.number(pb::sched_switch::kPrevState, reported_state(change));
      fields.text(pb::sched_switch::kNextComm, tasks.comm(change.next, cpu));
      fields.number(pb::sched_switch::kNextPid, pid_of(change.next));
      fields.number(pb::sched_switch::kNextPrio, change.next_prio);
    });
  }

  std::uint32_t prio_of(std::int32_t pid) const {
    const TracedTask* const task = tasks.task(pid);
    return task == nullptr ? 120 : task->prio;
  }

  void switched(const TraceEvent& event, const TaskChange& change) {
    if (is_hole(event)) return;
    const auto fields = event_as<trace::Switch>(event);
    put_switch(event.time_ns, event.cpu, fields, prio_of(fields.prev));
    count(event.time_ns, event.cpu, tasks.cgroup_of(fields.next));
    if (!change.gone) return;
    ftrace(event.time_ns, event.cpu, fields.next, pb::ftrace::kSchedProcessFree, [&](ProtoWriter& free) {
      free.text(pb::process_free::kComm, tasks.comm(*change.gone, event.cpu));
      free.number(pb::process_free::kPid, pid_of(*change.gone));
      free.number(pb::process_free::kPrio, prio_of(*change.gone));
    });
  }

  void woken(const TraceEvent& event, const TaskChange& change) {
    if (!change.is_wakeup) return;
    const auto enqueue = event_as<trace::Enqueue>(event);
    const auto put = [&](std::uint32_t kind) {
      ftrace(event.time_ns, event.cpu, tasks.running(event.cpu), kind, [&](ProtoWriter& fields) {
        fields.text(pb::waking::kComm, tasks.comm(enqueue.pid, event.cpu));
        fields.number(pb::waking::kPid, pid_of(enqueue.pid));
        fields.number(pb::waking::kPrio, prio_of(enqueue.pid));
        fields.number(pb::waking::kSuccess, 1);
        fields.number(pb::waking::kTargetCpu, cpu_of(enqueue.cpu));
      });
    };
    put(change.is_first_wakeup ? pb::ftrace::kSchedWakeupNew : pb::ftrace::kSchedWaking);
  }

  // A thread is given to the process of the task that made it: its own main thread stands for that.
  void forked(const TraceEvent& event) {
    const auto fork = event_as<trace::Fork>(event);
    const bool is_thread = fork.tgid != fork.pid;
    ftrace(event.time_ns, event.cpu, is_thread ? fork.tgid : fork.parent, pb::ftrace::kTaskNewtask,
           [&](ProtoWriter& fields) {
             fields.number(pb::newtask::kPid, pid_of(fork.pid));
             fields.text(pb::newtask::kComm, fork.comm.str());
             fields.number(pb::newtask::kCloneFlags, is_thread ? kCloneThread : 0);
           });
  }

  void renamed(const TraceEvent& event, const std::string& before) {
    const auto rename = event_as<trace::Rename>(event);
    ftrace(event.time_ns, event.cpu, rename.pid, pb::ftrace::kTaskRename, [&](ProtoWriter& fields) {
      fields.number(pb::rename::kPid, pid_of(rename.pid));
      fields.text(pb::rename::kOldComm, before);
      fields.text(pb::rename::kNewComm, rename.comm.str());
    });
  }

  void exits(const TraceEvent& event) {
    const std::int32_t pid = tasks.running(event.cpu);
    const TracedTask* const task = tasks.task(pid);
    if (task == nullptr) return;
    ftrace(event.time_ns, event.cpu, pid, pb::ftrace::kSchedProcessExit, [&](ProtoWriter& fields) {
      fields.text(pb::process_exit::kComm, task->comm);
      fields.number(pb::process_exit::kPid, pid_of(pid));
      fields.number(pb::process_exit::kTgid, pid_of(task->tgid));
      fields.number(pb::process_exit::kPrio, task->prio);
    });
  }

  void interrupt(const TraceEvent& event, bool enters) {
    ftrace(event.time_ns, event.cpu, tasks.running(event.cpu), enters ? pb::ftrace::kIrqEntry : pb::ftrace::kIrqExit,
           [&](ProtoWriter& fields) {
             fields.number(pb::irq::kIrq, 0);  // which one is not recorded
             if (enters)
               fields.text(pb::irq::kName, "interrupt");
             else
               fields.number(pb::irq::kReturn, 1);
           });
  }

  // A CPU runs a task of `cgroup` from now on; 0: of none.
  void count(std::uint64_t time_ns, std::uint32_t cpu, std::uint64_t cgroup) {
    std::uint64_t& counted = counted_on[cpu];
    if (counted == cgroup) return;
    const auto change = [&](std::uint64_t which, int by) {
      if (which == 0) return;
      const std::uint64_t track =
          track_below(Track::kCgroups, which, 0, true, [&] { return "running in " + tasks.cgroup_path(which); });
      if (track == kOthers) return;
      std::int64_t& number = running_in[which];
      number += by;
      put_event(time_ns, track, pb::track_event::kCounter, "",
                [&] { out().number(pb::track_event::kCounterValue, number); });
    };
    change(counted, -1);
    change(cgroup, 1);
    counted = cgroup;
  }

  void moved(const TraceEvent& event) {
    const auto move = event_as<trace::CgroupMove>(event);
    const TaskNow* const task = tasks.scheduling().task(move.pid);
    if (task != nullptr && task->phase == TaskPhase::kRunning) count(event.time_ns, task->cpu, task->cgroup);
    if (move.cgroup == 0) return;
    const std::uint64_t track = track_below(Track::kCgroups, move.cgroup, 1, false,
                                            [&] { return "moves into " + tasks.cgroup_path(move.cgroup); });
    put_event(event.time_ns, track, pb::track_event::kInstant, named(move.pid, event.cpu));
  }

  void throttled(const TraceEvent& event, bool begins) {
    const auto throttle = event_as<trace::Throttle>(event);
    const std::uint64_t track = track_below(
        Track::kCgroups, throttle.cgroup, 2 + std::uint64_t{throttle.cpu}, false,
        [&] { return fmt::format("{} on CPU {}", tasks.cgroup_path(throttle.cgroup), cpu_of(throttle.cpu)); });
    if (track == kOthers) return;
    if (!begins && !open_slices[track]) return;  // it was throttled before the recorder began
    open_slices[track] = begins;
    put_event(event.time_ns, track, begins ? pb::track_event::kSliceBegin : pb::track_event::kSliceEnd,
              begins ? "throttled" : "");
  }

  // A slice of the CPU that stands still; what ends it is a moment of the CPU that came between.
  void held(const TraceEvent& event) {
    const auto hold = event_as<trace::Held>(event);
    const bool begins = control::HoldChange{hold.change} == control::HoldChange::kBegins;
    const std::uint64_t track = track_below(Track::kCpus, hold.vcpu, 1, false,
                                            [&] { return fmt::format("CPU {} stands still", cpu_of(hold.vcpu)); });
    if (!begins) other(event);
    if (track == kOthers || (!begins && !open_slices[track])) return;
    open_slices[track] = begins;
    put_event(event.time_ns, track, begins ? pb::track_event::kSliceBegin : pb::track_event::kSliceEnd,
              begins ? fmt::format("hold {}", hold.hold) : "");
  }

  std::string named(std::int32_t pid, std::uint32_t cpu) const {
    return fmt::format("{}[{}]", tasks.comm(pid, cpu), pid);
  }

  std::string name_of_queue(std::uint64_t dsq) const {
    // Built-in queues and those of a CPU: SCX_DSQ_FLAG_BUILTIN, SCX_DSQ_FLAG_LOCAL_ON (include/linux/sched/ext.h).
    constexpr std::uint64_t kBuiltin = std::uint64_t{1} << 63, kLocalOn = std::uint64_t{1} << 62;
    if (dsq == (kBuiltin | 1)) return "global queue";
    if (dsq == (kBuiltin | 2)) return "local queue";
    if ((dsq & kBuiltin) != 0 && (dsq & kLocalOn) != 0)
      return fmt::format("queue of CPU {}", cpu_of(static_cast<std::uint32_t>(dsq)));
    return dsq > UINT32_MAX ? fmt::format("queue {:#x}", dsq) : fmt::format("queue {}", dsq);
  }
  std::uint64_t track_of_queue(std::uint64_t dsq) {
    return track_below(Track::kQueues, dsq, 0, false, [&] { return name_of_queue(dsq); });
  }

  // An event with all of its fields, on the track of its queue or CPU.
  void other(const TraceEvent& event) {
    const std::vector<TraceField>& fields = trace_fields(event.kind);
    std::uint64_t track = 0;
    std::string name;
    if (event.kind == TraceKind::kDsqInsert || event.kind == TraceKind::kDsqInsertVtime ||
        event.kind == TraceKind::kDsqMove) {
      track = track_of_queue(event.values[1]);
      name = named(static_cast<std::int32_t>(event.values[0]), event.cpu);
    } else if (event.kind == TraceKind::kDsqMoveToLocal) {
      track = track_of_queue(event.values[0]);
      name = fmt::format("to CPU {}", cpu_of(event.cpu));
    } else {
      track = track_below(Track::kCpus, event.cpu, 0, false,
                          [&] { return fmt::format("events of CPU {}", cpu_of(event.cpu)); });
      name = event.kind == TraceKind::kProbe ? probe_text(event, tasks) : std::string(to_string(event.kind));
    }
    put_event(event.time_ns, track, pb::track_event::kInstant, name, [&] {
      std::size_t at = 0;
      for (const TraceField& field : fields) {
        if (at + field.words > event.count) break;
        if (field.words > 1)
          annotate(field.name, field_text(event, at, field));
        else if (field.is_signed)
          annotate(field.name, static_cast<std::int64_t>(event.values[at]));
        else
          annotate(field.name, event.values[at]);
        at += field.words;
      }
    });
  }

  // The recorder has said what there was when it began.
  void begin(std::uint64_t time_ns) {
    begun = true;
    for (std::uint32_t cpu = 0; cpu < tasks.scheduling().cpus().size(); ++cpu) {
      const std::int32_t pid = tasks.running(cpu);
      if (pid == 0) continue;
      put_switch(time_ns, cpu, {.prev = 0, .next = pid, .next_prio = static_cast<std::int32_t>(prio_of(pid))}, 120);
      count(time_ns, cpu, tasks.cgroup_of(pid));
    }
  }

  void add(TraceEvent event) {
    last_unshifted_ns = event.time_ns;
    last_ns = event.time_ns = time_of(event.time_ns);
    if (!begun && !is_of_the_beginning(event.kind)) begin(event.time_ns);
    const std::string before =
        event.kind == TraceKind::kRename ? tasks.comm(event_as<trace::Rename>(event).pid, event.cpu) : std::string();
    const TaskChange change = tasks.follow(event);
    switch (event.kind) {
      case TraceKind::kTaskSeen:
        return task_seen(event);
      case TraceKind::kCpuSeen:
      case TraceKind::kCgroupSeen:
      case TraceKind::kProbePlaced:
      case TraceKind::kNamedValue:
      case TraceKind::kFunctionSeen:
      case TraceKind::kBpfLineSeen:
      case TraceKind::kDataSeen:
      case TraceKind::kMemberSeen:
        return;
      case TraceKind::kSwitch:
        return switched(event, change);
      case TraceKind::kEnqueue:
        return woken(event, change);
      case TraceKind::kDequeue:
        return;  // the switch says it, or a later enqueue
      case TraceKind::kFork:
        return forked(event);
      case TraceKind::kRename:
        return renamed(event, before);
      case TraceKind::kExit:
        return exits(event);
      case TraceKind::kIrqEnter:
      case TraceKind::kIrqExit:
        return interrupt(event, event.kind == TraceKind::kIrqEnter);
      case TraceKind::kThrottle:
      case TraceKind::kUnthrottle:
        return throttled(event, event.kind == TraceKind::kThrottle);
      case TraceKind::kCgroupMove:
        return moved(event);
      case TraceKind::kHeld:
        return held(event);
      default:
        return other(event);
    }
  }

  std::map<std::uint32_t, ProtoWriter> bundles;  // events of each CPU that wait for a packet
  TaskTable tasks;
  bool begun = false;
  std::uint64_t last_ns = 0, last_unshifted_ns = 0;
  std::map<std::uint64_t, bool> open_slices;                    // by track
  std::unordered_map<std::uint32_t, std::uint64_t> counted_on;  // the cgroup that each CPU runs
  std::unordered_map<std::uint64_t, std::int64_t> running_in;   // CPUs that run each cgroup
};

PerfettoWriter::PerfettoWriter(const TraceHeader& header, const TraceMarks& marks, Sink sink, TraceSide side)
    : state_(std::make_unique<State>(std::move(sink), std::move(side))) {
  state_->introduce(header);
  state_->spans(Track::kSteps, "steps", marks.steps);
  state_->spans(Track::kOps, "ops", marks.ops);
  state_->spans(Track::kFindings, "findings", marks.findings);
}

PerfettoWriter::~PerfettoWriter() = default;

void PerfettoWriter::add(const TraceEvent& event) {
  if (state_->written()) state_->add(event);
}

Status PerfettoWriter::finish(std::uint64_t not_stored) {
  State& state = *state_;
  if (!state.begun) state.begin(state.last_ns);
  for (auto& [cpu, events] : state.bundles) state.flush_bundle(cpu, events);
  if (not_stored > 0)
    state.spans(Track::kFindings, "findings",
                {{.name = fmt::format("{} events from here on are not stored", not_stored),
                  .begin_ns = state.last_unshifted_ns,
                  .end_ns = state.last_unshifted_ns}});
  state.flush();
  return state.written();
}

Status export_perfetto(TraceReader& reader, const TraceMarks& marks, const PerfettoWriter::Sink& sink,
                       const TraceSide& side) {
  PerfettoWriter writer(reader.header(), marks, sink, side);
  for (;;) {
    KTSTR_TRY_ASSIGN(const std::optional<TraceEvent> event, reader.next());
    if (!event) break;
    writer.add(*event);
  }
  return writer.finish(reader.not_stored());
}

}  // namespace ktstr
