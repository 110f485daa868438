// SPDX-License-Identifier: Apache-2.0
//
// The kinds of events. Each is a struct with one list of its fields, by which it is read out of an event, stored, shown
// and exported; what is looked at in the kernel to fill it is a row in probes/probe_catalogue.cpp with the same names.
#pragma once

#include <array>
#include <cstdint>

#include "model/fields.h"
#include "trace/memory_kinds.h"
#include "trace/trace_event.h"

namespace ktstr {

namespace trace {

struct TaskSeen {
  static constexpr TraceKind kKind = TraceKind::kTaskSeen;
  std::int32_t pid = 0, tgid = 0;
  std::uint32_t cpu = 0, state = 0, on_rq = 0, delayed = 0;
  std::uint64_t cgroup = 0;
  std::array<std::uint64_t, 4> mask{};  // CPUs 0 to 255 that it may run on
  TraceText<2> comm;
};
// A switch, after prev has been put back and before next runs.
struct Switch {
  static constexpr TraceKind kKind = TraceKind::kSwitch;
  std::int32_t prev = 0;
  std::uint32_t prev_state = 0;    // task_struct.__state; 0: it was preempted, or has yielded (Yield)
  std::uint32_t prev_on_rq = 0;    // 0: it has left its runqueue: it sleeps
  std::uint32_t prev_delayed = 0;  // 1: it sleeps, and its class keeps it queued for a while
  std::int32_t next = 0;           // 0: the idle task
  std::int32_t next_prio = 0;      // task_struct.prio: below 100 real-time
  std::uint64_t clock = 0;         // rq.clock, which the kernel's own accounts are made of
};

// A task gets onto a runqueue. After a sleep that is its wakeup.
struct Enqueue {
  static constexpr TraceKind kKind = TraceKind::kEnqueue;
  std::int32_t pid = 0;
  std::uint32_t cpu = 0;
  std::uint32_t sched_class = 0;  // SchedClass
  std::uint32_t flags = 0;        // ENQUEUE_*
  std::uint32_t state = 0, delayed = 0;
  std::uint64_t clock = 0;
  std::uint32_t policy = 0;       // SCHED_*
  std::uint32_t static_prio = 0;  // 120 + nice; 0: not known
  std::uint32_t group = 0;        // number of the group in which it competes; 0: an autogroup, or not known
};

struct Dequeue {
  static constexpr TraceKind kKind = TraceKind::kDequeue;
  std::int32_t pid = 0;
  std::uint32_t cpu = 0;
  std::uint32_t sched_class = 0;
  std::uint32_t flags = 0;  // DEQUEUE_*
  std::uint32_t state = 0, delayed = 0;
  std::uint64_t clock = 0;
};

struct CpuSeen {
  static constexpr TraceKind kKind = TraceKind::kCpuSeen;
  std::uint32_t cpu = 0;
  std::int32_t current = 0;
  std::uint32_t online = 1;
  std::uint64_t clock = 0;
};

struct CgroupSeen {
  static constexpr TraceKind kKind = TraceKind::kCgroupSeen;
  std::uint64_t cgroup = 0, parent = 0;  // numbers of their directories
  TraceText<4> name;
};

struct Migrate {
  static constexpr TraceKind kKind = TraceKind::kMigrate;
  std::int32_t pid = 0;
  std::uint32_t from = 0, to = 0;
};

struct Fork {
  static constexpr TraceKind kKind = TraceKind::kFork;
  std::int32_t pid = 0, tgid = 0, parent = 0;
  std::uint64_t cgroup = 0;
  std::array<std::uint64_t, 4> mask{};
  TraceText<2> comm;
};

// prctl(PR_SET_NAME), or the new program of an exec.
struct Rename {
  static constexpr TraceKind kKind = TraceKind::kRename;
  std::int32_t pid = 0;
  TraceText<2> comm;
};

// Of the task that runs.
struct Exit {
  static constexpr TraceKind kKind = TraceKind::kExit;
  std::int64_t code = 0;
};

struct Tick {
  static constexpr TraceKind kKind = TraceKind::kTick;
};
struct IrqEnter {
  static constexpr TraceKind kKind = TraceKind::kIrqEnter;
};
struct IrqExit {
  static constexpr TraceKind kKind = TraceKind::kIrqExit;
};

// A cgroup, or one above it, has used up its quota on a CPU, and may go on there.
struct Throttle {
  static constexpr TraceKind kKind = TraceKind::kThrottle;
  std::uint64_t cgroup = 0;
  std::uint32_t cpu = 0;
};
struct Unthrottle {
  static constexpr TraceKind kKind = TraceKind::kUnthrottle;
  std::uint64_t cgroup = 0;
  std::uint32_t cpu = 0;
};

// A cgroup's cpu.max is written. The kernel may refuse it.
struct Quota {
  static constexpr TraceKind kKind = TraceKind::kQuota;
  std::uint64_t cgroup = 0;
  std::uint64_t period = 0, quota = 0, burst = 0;  // quota: UINT64_MAX: none
  std::uint32_t unit = 0;                          // of these three, in ns: kernels differ
};

struct CgroupMove {
  static constexpr TraceKind kKind = TraceKind::kCgroupMove;
  std::int32_t pid = 0;
  std::uint64_t cgroup = 0, parent = 0;  // where it is now; 0: it ends
  TraceText<4> name;                     // of that cgroup
};

// Of the task that runs: sched_yield().
struct Yield {
  static constexpr TraceKind kKind = TraceKind::kYield;
};

struct Affinity {
  static constexpr TraceKind kKind = TraceKind::kAffinity;
  std::int32_t pid = 0;
  std::uint32_t flags = 0;              // SCA_*
  std::array<std::uint64_t, 4> mask{};  // of CPUs 0 to 255
};

struct Policy {
  static constexpr TraceKind kKind = TraceKind::kPolicy;
  std::int32_t pid = 0;
  std::uint32_t policy = 0;  // SCHED_*
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
};
struct Nice {
  static constexpr TraceKind kKind = TraceKind::kNice;
  std::int32_t pid = 0;
  std::int64_t nice = 0;
};

// Of the task that runs, by the freezer of its cgroup.
struct Freeze {
  static constexpr TraceKind kKind = TraceKind::kFreeze;
};
struct Thaw {
  static constexpr TraceKind kKind = TraceKind::kThaw;
};

struct CpuOnline {
  static constexpr TraceKind kKind = TraceKind::kCpuOnline;
  std::uint32_t cpu = 0;
};
struct CpuOffline {
  static constexpr TraceKind kKind = TraceKind::kCpuOffline;
  std::uint32_t cpu = 0;
};

// A BPF scheduler puts a task into a queue of its own or of a CPU (SCX_DSQ_LOCAL: 1 << 63 | 2).
struct DsqInsert {
  static constexpr TraceKind kKind = TraceKind::kDsqInsert;
  std::int32_t pid = 0;
  std::uint64_t dsq = 0, slice = 0, flags = 0;
};
struct DsqInsertVtime {
  static constexpr TraceKind kKind = TraceKind::kDsqInsertVtime;
  std::int32_t pid = 0;
  std::uint64_t dsq = 0, slice = 0, vtime = 0;
};
// ... moves one from a queue into another. It may have left the first meanwhile, and is not moved then.
struct DsqMove {
  static constexpr TraceKind kKind = TraceKind::kDsqMove;
  std::int32_t pid = 0;
  std::uint64_t dsq = 0, flags = 0;
};
// ... has the CPU that asks take the first of a queue.
struct DsqMoveToLocal {
  static constexpr TraceKind kKind = TraceKind::kDsqMoveToLocal;
  std::uint64_t dsq = 0;
};
struct Kick {
  static constexpr TraceKind kKind = TraceKind::kKick;
  std::int32_t cpu = 0;
  std::uint64_t flags = 0;
};
// The kernel forgets a task that is dead: its own account of it, of its whole life.
struct Released {
  static constexpr TraceKind kKind = TraceKind::kReleased;
  std::int32_t pid = 0;
  std::uint64_t ran = 0, waited = 0;  // ns, by rq.clock: as in /proc/PID/schedstat
  std::uint64_t runs = 0;
  std::uint64_t voluntary = 0, involuntary = 0;  // switches
};

// The user wants to see where a function begins: "try_to_wake_up(p->pid)", "simple_enqueue(p->pid)", or where it ends:
// "try_to_wake_up -> ret".
struct ProbePlaced {
  static constexpr TraceKind kKind = TraceKind::kProbePlaced;
  std::uint32_t number = 0;
  TraceText<14> what;
};
// What the kernel calls a value of an enum that one of them shows: "SCX_ENQ_WAKEUP" of "scx_enq_flags".
struct NamedValue {
  static constexpr TraceKind kKind = TraceKind::kNamedValue;
  std::uint64_t value = 0;
  TraceText<4> type, name;
};
// ... and it begins, or ends.
struct Probe {
  static constexpr TraceKind kKind = TraceKind::kProbe;
  static constexpr std::uint8_t kFirstValue = 3;  // of an event's values: what is before are number, count, text
  std::uint32_t number = 0;
  std::uint32_t count = 0;  // of values
  // Bit i: value i is 8 characters of a text; bit 8 + i: which goes on from the one before; bit 16 + i: a number that
  // may be negative. kEnds: the function ends, and the last value says what it jumps to instead of a return; 0: it
  // returns.
  std::uint32_t text = 0;
  static constexpr std::uint32_t kContinued = 0x100, kSigned = 0x10000, kEnds = 0x1000000;
  std::array<std::uint64_t, 4> values{};
  bool ends() const { return (text & kEnds) != 0; }
  std::uint64_t left_to() const { return ends() ? values.back() : 0; }
};

// The kernel ends a BPF scheduler.
struct SchedulerExit {
  static constexpr TraceKind kKind = TraceKind::kSchedulerExit;
  std::uint32_t reason = 0;  // enum scx_exit_kind
};

template <typename V, FieldsOf<TaskSeen> T>
void fields(V& v, T& t) {
  v("pid", t.pid);
  v("tgid", t.tgid);
  v("cpu", t.cpu);
  v("state", t.state);
  v("on_rq", t.on_rq);
  v("delayed", t.delayed);
  v("cgroup", t.cgroup);
  v("mask", t.mask);
  v("comm", t.comm);
}
template <typename V, FieldsOf<Switch> T>
void fields(V& v, T& t) {
  v("prev", t.prev);
  v("prev_state", t.prev_state);
  v("prev_on_rq", t.prev_on_rq);
  v("prev_delayed", t.prev_delayed);
  v("next", t.next);
  v("next_prio", t.next_prio);
  v("clock", t.clock);
}
template <typename V, FieldsOf<Enqueue> T>
void fields(V& v, T& t) {
  v("pid", t.pid);
  v("cpu", t.cpu);
  v("sched_class", t.sched_class);
  v("flags", t.flags);
  v("state", t.state);
  v("delayed", t.delayed);
  v("clock", t.clock);
  v("policy", t.policy);
  v("static_prio", t.static_prio);
  v("group", t.group);
}
template <typename V, FieldsOf<Dequeue> T>
void fields(V& v, T& t) {
  v("pid", t.pid);
  v("cpu", t.cpu);
  v("sched_class", t.sched_class);
  v("flags", t.flags);
  v("state", t.state);
  v("delayed", t.delayed);
  v("clock", t.clock);
}
template <typename V, FieldsOf<CpuSeen> T>
void fields(V& v, T& t) {
  v("cpu", t.cpu);
  v("current", t.current);
  v("online", t.online);
  v("clock", t.clock);
}
template <typename V, FieldsOf<CgroupSeen> T>
void fields(V& v, T& t) {
  v("cgroup", t.cgroup);
  v("parent", t.parent);
  v("name", t.name);
}
template <typename V, FieldsOf<Migrate> T>
void fields(V& v, T& t) {
  v("pid", t.pid);
  v("from", t.from);
  v("to", t.to);
}
template <typename V, FieldsOf<Fork> T>
void fields(V& v, T& t) {
  v("pid", t.pid);
  v("tgid", t.tgid);
  v("parent", t.parent);
  v("cgroup", t.cgroup);
  v("mask", t.mask);
  v("comm", t.comm);
}
template <typename V, FieldsOf<Rename> T>
void fields(V& v, T& t) {
  v("pid", t.pid);
  v("comm", t.comm);
}
template <typename V, FieldsOf<Exit> T>
void fields(V& v, T& t) {
  v("code", t.code);
}
template <typename V, FieldsOf<Tick> T>
void fields(V&, T&) {}
template <typename V, FieldsOf<IrqEnter> T>
void fields(V&, T&) {}
template <typename V, FieldsOf<IrqExit> T>
void fields(V&, T&) {}
template <typename V, FieldsOf<Throttle> T>
void fields(V& v, T& t) {
  v("cgroup", t.cgroup);
  v("cpu", t.cpu);
}
template <typename V, FieldsOf<Unthrottle> T>
void fields(V& v, T& t) {
  v("cgroup", t.cgroup);
  v("cpu", t.cpu);
}
template <typename V, FieldsOf<DsqMove> T>
void fields(V& v, T& t) {
  v("pid", t.pid);
  v("dsq", t.dsq);
  v("flags", t.flags);
}
template <typename V, FieldsOf<Yield> T>
void fields(V&, T&) {}
template <typename V, FieldsOf<Quota> T>
void fields(V& v, T& t) {
  v("cgroup", t.cgroup);
  v("period", t.period);
  v("quota", t.quota);
  v("burst", t.burst);
  v("unit", t.unit);
}
template <typename V, FieldsOf<CgroupMove> T>
void fields(V& v, T& t) {
  v("pid", t.pid);
  v("cgroup", t.cgroup);
  v("parent", t.parent);
  v("name", t.name);
}
template <typename V, FieldsOf<Affinity> T>
void fields(V& v, T& t) {
  v("pid", t.pid);
  v("flags", t.flags);
  v("mask", t.mask);
}
template <typename V, FieldsOf<Policy> T>
void fields(V& v, T& t) {
  v("pid", t.pid);
  v("policy", t.policy);
  v("nice", t.nice);
  v("priority", t.priority);
}
template <typename V, FieldsOf<Nice> T>
void fields(V& v, T& t) {
  v("pid", t.pid);
  v("nice", t.nice);
}
template <typename V, FieldsOf<Freeze> T>
void fields(V&, T&) {}
template <typename V, FieldsOf<Thaw> T>
void fields(V&, T&) {}
template <typename V, FieldsOf<CpuOnline> T>
void fields(V& v, T& t) {
  v("cpu", t.cpu);
}
template <typename V, FieldsOf<CpuOffline> T>
void fields(V& v, T& t) {
  v("cpu", t.cpu);
}
template <typename V, FieldsOf<DsqInsert> T>
void fields(V& v, T& t) {
  v("pid", t.pid);
  v("dsq", t.dsq);
  v("slice", t.slice);
  v("flags", t.flags);
}
template <typename V, FieldsOf<DsqInsertVtime> T>
void fields(V& v, T& t) {
  v("pid", t.pid);
  v("dsq", t.dsq);
  v("slice", t.slice);
  v("vtime", t.vtime);
}
template <typename V, FieldsOf<DsqMoveToLocal> T>
void fields(V& v, T& t) {
  v("dsq", t.dsq);
}
template <typename V, FieldsOf<Kick> T>
void fields(V& v, T& t) {
  v("cpu", t.cpu);
  v("flags", t.flags);
}
template <typename V, FieldsOf<Released> T>
void fields(V& v, T& t) {
  v("pid", t.pid);
  v("ran", t.ran);
  v("waited", t.waited);
  v("runs", t.runs);
  v("voluntary", t.voluntary);
  v("involuntary", t.involuntary);
}
template <typename V, FieldsOf<ProbePlaced> T>
void fields(V& v, T& t) {
  v("number", t.number);
  v("what", t.what);
}
template <typename V, FieldsOf<NamedValue> T>
void fields(V& v, T& t) {
  v("value", t.value);
  v("type", t.type);
  v("name", t.name);
}
template <typename V, FieldsOf<Probe> T>
void fields(V& v, T& t) {
  v("number", t.number);
  v("count", t.count);
  v("text", t.text);
  v("values", t.values);
}
template <typename V, FieldsOf<SchedulerExit> T>
void fields(V& v, T& t) {
  v("reason", t.reason);
}

}  // namespace trace

// The types of all kinds, for what is done for each: for_each_kind([]<typename T>() { ... }).
template <typename Visit>
void for_each_trace_kind(Visit&& visit) {
  using namespace trace;
  visit.template operator()<TaskSeen>();
  visit.template operator()<Switch>();
  visit.template operator()<Enqueue>();
  visit.template operator()<Dequeue>();
  visit.template operator()<CpuSeen>();
  visit.template operator()<CgroupSeen>();
  visit.template operator()<Migrate>();
  visit.template operator()<Fork>();
  visit.template operator()<Rename>();
  visit.template operator()<Exit>();
  visit.template operator()<Tick>();
  visit.template operator()<IrqEnter>();
  visit.template operator()<IrqExit>();
  visit.template operator()<Throttle>();
  visit.template operator()<Unthrottle>();
  visit.template operator()<CgroupMove>();
  visit.template operator()<Affinity>();
  visit.template operator()<Policy>();
  visit.template operator()<Nice>();
  visit.template operator()<Freeze>();
  visit.template operator()<Thaw>();
  visit.template operator()<CpuOnline>();
  visit.template operator()<CpuOffline>();
  visit.template operator()<DsqInsert>();
  visit.template operator()<DsqInsertVtime>();
  visit.template operator()<DsqMoveToLocal>();
  visit.template operator()<Kick>();
  visit.template operator()<trace::SchedulerExit>();
  visit.template operator()<Released>();
  visit.template operator()<ProbePlaced>();
  visit.template operator()<NamedValue>();
  visit.template operator()<trace::Probe>();
  visit.template operator()<Quota>();
  visit.template operator()<Yield>();
  visit.template operator()<DsqMove>();
  visit.template operator()<FunctionSeen>();
  visit.template operator()<BpfLineSeen>();
  visit.template operator()<DataSeen>();
  visit.template operator()<MemberSeen>();
  visit.template operator()<Access>();
  visit.template operator()<Held>();
  visit.template operator()<LockUse>();
}

}  // namespace ktstr
