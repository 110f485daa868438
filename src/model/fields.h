// SPDX-License-Identifier: Apache-2.0
//
// The fields of the vocabulary: one list a type, in the order in which they are on the wire and in result.json. Whoever
// writes, reads or shows all fields of a value is a visitor `v` over its list, called with each field's name and value,
// and with what there is to know of the field besides. A new field is a line here; the wire's part of that is a new
// mailbox::kVersion, and in result.json it is kLater.
//
// A record of a run (results/run_record_fields.h) has the parts of an AssertResult at places of its own, in the order
// of its JSON: for that type this list is the wire's alone.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

#include "ktstr/checks.h"
#include "ktstr/payload.h"
#include "ktstr/topology.h"
#include "ktstr/work.h"
#include "model/events.h"
#include "model/phase_limits.h"

namespace ktstr {

// For reading JSON: records of earlier programs lack the field, which then keeps what it is by default.
struct Later {};
constexpr Later kLater;
// For the wire: of a text only so many bytes travel, its last.
struct Tail {
  std::size_t most;
};

// For adding up: of several values the largest counts.
struct Largest {};
constexpr Largest kLargest;

// The last bytes of a payload's output that travel, and that a decoder takes.
constexpr std::size_t kMaxOutputTailBytes = 64 << 10;

template <typename T, typename Of>
concept FieldsOf = std::same_as<std::remove_const_t<T>, Of>;

template <typename V, FieldsOf<Topology> T>
void fields(V& v, T& t) {
  v("numa_nodes", t.numa_nodes);
  v("llcs", t.llcs);
  v("cores_per_llc", t.cores_per_llc);
  v("threads_per_core", t.threads_per_core);
}

template <typename V, FieldsOf<TestTopology::Core> T>
void fields(V& v, T& t) {
  v("threads", t.threads);
}

template <typename V, FieldsOf<TestTopology::Llc> T>
void fields(V& v, T& t) {
  v("id", t.id);
  v("node", t.node);
  v("cpus", t.cpus);
  v("cores", t.cores);
}

template <typename V, FieldsOf<TestTopology::Node> T>
void fields(V& v, T& t) {
  v("id", t.id);
  v("cpus", t.cpus);
  v("distances", t.distances);
}

template <typename V, FieldsOf<TestTopology> T>
void fields(V& v, T& t) {
  v("cpus", t.cpus);
  v("llcs", t.llcs);
  v("nodes", t.nodes);
}

// Of one value, or of two: what is added up, and what is added to it.
template <typename V, typename... T>
void number_fields(V& v, T&... t) {
  v("work_units", t.work_units...);
  v("iterations", t.iterations...);
  v("cpu_time_ns", t.cpu_time_ns...);
  v("run_delay_ns", t.run_delay_ns...);
  v("max_gap_ns", t.max_gap_ns..., kLargest);
  v("max_gap_cpu", t.max_gap_cpu...);
  v("migrations", t.migrations...);
  v("cpus_used", t.cpus_used...);
  v("wakeups", t.wakeups...);
  v("wake_max_ns", t.wake_max_ns..., kLargest);
  v("sched_class", t.sched_class...);
}

template <typename V, FieldsOf<WorkLatency> T>
void fields(V& v, T& t) {
  v("what", t.what);
  v("max_ns", t.max_ns);
  v("times", t.times);
}

template <typename V, FieldsOf<WorkCount> T>
void fields(V& v, T& t) {
  v("what", t.what);
  v("count", t.count);
}

template <typename V, FieldsOf<NodePages> T>
void fields(V& v, T& t) {
  v("node", t.node);
  v("pages", t.pages);
}

template <typename V, FieldsOf<LatencyStats> T>
void fields(V& v, T& t) {
  v("what", t.what);
  v("count", t.count);
  v("p50_ns", t.p50_ns);
  v("p90_ns", t.p90_ns);
  v("p99_ns", t.p99_ns);
  v("p999_ns", t.p999_ns);
  v("max_ns", t.max_ns);
}

template <typename V, FieldsOf<WorkerReport> T>
void fields(V& v, T& t) {
  v("cgroup", t.cgroup);
  v("step", t.step);
  v("index", t.index);
  v("spec", t.spec);
  v("pid", t.pid);
  number_fields(v, t);
  v("started_ns", t.started_ns);
  v("wall_time_ns", t.wall_time_ns);
  v("timeslices", t.timeslices);
  v("max_gap_at_ns", t.max_gap_at_ns);
  v("cpus_outside", t.cpus_outside);
  v("sleep_ns", t.sleep_ns);
  v("wake_latencies", t.wake_latencies, kLater);
  v("responded", t.responded);
  v("exit", t.exit);
  v("gone", t.gone, kLater);
  v("held_ns", t.held_ns, kLater);
  v("nice", t.nice, kLater);
  v("role", t.role, kLater);
  v("missed", t.missed, kLater);
  v("could_not", t.could_not, kLater);
  v("latencies", t.latencies, kLater);
  v("counts", t.counts, kLater);
  v("node_pages", t.node_pages, kLater);
}

// As a job says them; what is unset it leaves out.
template <typename V, FieldsOf<Checks> T>
void fields(V& v, T& t) {
  v("progress", t.progress);
  v("max_gap_ms", t.max_gap);
  v("max_spread_pct", t.max_spread_pct);
  v("isolation", t.isolation);
  v("scheduler_attached", t.scheduler_attached);
  v("survives_storm", t.survives_storm);
  v("scheduler_used", t.scheduler_used);
  v("kernel_log", t.kernel_log);
  v.if_any("kernel_log_allow", t.kernel_log_allow);
  v("share", t.share);
  v("share_tolerance_pct", t.share_tolerance_pct);
  v("max_idle_ms", t.max_idle);
  v("max_wait_ms", t.max_wait);
  v("max_starved_ms", t.max_starved);
  v("max_slice_ms", t.max_slice);
  v("max_moves", t.max_moves);
  v("weight_order", t.weight_order);
  v("weight_share", t.weight_share);
  v("bandwidth", t.bandwidth);
  v("max_queue_depth", t.max_queue_depth);
  v("gap_off", t.gap_off);
  v("spread_off", t.spread_off);
}

template <typename V, FieldsOf<PhaseLimits> T>
void fields(V& v, T& t) {
  v("attach_ms", t.attach);
  v("dispatch_ms", t.dispatch);
  v("body_ms", t.body);
  v("teardown_ms", t.teardown);
}

template <typename V, FieldsOf<Detail> T>
void fields(V& v, T& t) {
  v("verdict", t.verdict);
  v("kind", t.kind);
  v("message", t.message);
  v("cgroup", t.cgroup);
  v("worker", t.worker);
  v("step", t.step);
  v("measured", t.measured);
  v("limit", t.limit);
  v("unit", t.unit);
}

template <typename V, FieldsOf<Checked> T>
void fields(V& v, T& t) {
  v("text", t.text);
  v("step", t.step);
}

template <typename V, FieldsOf<CgroupStats> T>
void fields(V& v, T& t) {
  v("cgroup", t.cgroup);
  v("step", t.step);
  v("workers", t.workers);
  v("cpuset", t.cpuset);
  number_fields(v, t);
  v("min_off_cpu_pct", t.min_off_cpu_pct);
  v("max_off_cpu_pct", t.max_off_cpu_pct);
  v("avg_off_cpu_pct", t.avg_off_cpu_pct);
  v("spread_pct", t.spread_pct);
  v("wake_p50_ns", t.wake_p50_ns);
  v("wake_p99_ns", t.wake_p99_ns);
  v("weight", t.weight, kLater);
  v("share_pct", t.share_pct, kLater);
  v("entitled_pct", t.entitled_pct, kLater);
  v("latencies", t.latencies, kLater);
  v("counts", t.counts, kLater);
}

template <typename V, FieldsOf<PayloadValue> T>
void fields(V& v, T& t) {
  v("name", t.name);
  v("value", t.value);
  v("polarity", t.polarity);
  v("unit", t.unit);
}

template <typename V, FieldsOf<PayloadReport> T>
void fields(V& v, T& t) {
  v("name", t.name);
  v("cgroup", t.cgroup);
  v("step", t.step);
  v("pid", t.pid);
  v("killed", t.killed);
  v("exit", t.exit);
  v("exit_code", t.exit_code);
  v("oom_killed", t.oom_killed, kLater);
  v("wall_time_ns", t.wall_time_ns);
  v("metrics", t.metrics);
  v("missing", t.missing);
  v("output_tail", t.output_tail, Tail{kMaxOutputTailBytes});
}

template <typename V, FieldsOf<ProcsCapture> T>
void fields(V& v, T& t) {
  v("tag", t.tag);
  v("cgroup", t.cgroup);
  v("step", t.step);
  v("pids", t.pids);
}

template <typename V, FieldsOf<AssertResult> T>
void fields(V& v, T& t) {
  v("details", t.details);
  v("cgroups", t.cgroups);
  v("payloads", t.payloads);
  v("captures", t.captures);
  v("checked", t.checked);
  v("skipped", t.skipped);
}

template <typename V, FieldsOf<StepMark> T>
void fields(V& v, T& t) {
  v("kind", t.kind);
  v("step", t.step);
  v("at_ns", t.at_ns);
  v("cgroups", t.cgroups);
  v("workers", t.workers);
  v("name", t.name);
  v("fingerprint", t.fingerprint);
}

template <typename V, FieldsOf<Stimulus> T>
void fields(V& v, T& t) {
  v("step", t.step);
  v("at_ns", t.at_ns);
  v("elapsed_ms", t.elapsed_ms);
  v("ops", t.ops);
  v("op_kinds", t.op_kinds);
  v("cgroups", t.cgroups);
  v("workers", t.workers);
  v("iterations", t.iterations);
}

}  // namespace ktstr
