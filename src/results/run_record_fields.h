// SPDX-License-Identifier: Apache-2.0
//
// The keys of a run record: one list a type, as in model/fields.h, where the lists of what a record shares with the
// wire are. A key that is added here is kLater, so that records of earlier programs still read.
#pragma once

#include <utility>

#include "model/fields.h"
#include "results/run_record.h"

namespace ktstr {

// Of one tuple, or of two that are compared.
template <typename V, FieldsOf<RunTuple>... T>
void fields(V& v, T&... t) {
  v("test", t.test...);
  v("seed", t.seed...);
  v("vary", t.vary..., kLater);
  // Only written where it is set: all other tuples keep the bytes that they always had.
  if ((... || (!std::is_const_v<T> || !t.work_type.empty()))) v("work_type", t.work_type..., kLater);
  v("kernel_sha256", t.kernel_sha256...);
  v("topology", t.topology...);
  v("icount_shift", t.icount_shift...);
  v("turn_instructions", t.turn_instructions..., kLater);
  v("cpu_speeds", t.cpu_speeds..., kLater);
  if ((... || (!std::is_const_v<T> || !t.schedule.empty()))) v("schedule", t.schedule..., kLater);
  if ((... || (!std::is_const_v<T> || !t.policy.empty()))) v("policy", t.policy..., kLater);
  v("quantum_ns", t.quantum_ns...);
  v("memory_bytes", t.memory_bytes...);
  v("qemu_version", t.qemu_version...);
  v("inputs", t.inputs...);
}

template <typename V, FieldsOf<PhaseTiming> T>
void fields(V& v, T& t) {
  v("phase", t.phase);
  v("guest_ns", t.guest_ns);
  v("host_seconds", t.host_seconds);
}

template <typename V, FieldsOf<SchedulerSeen> T>
void fields(V& v, T& t) {
  v("command", t.command);
  v("ops", t.ops);
  v("state_at_start", t.state_at_start);
  v("state_at_end", t.state_at_end);
  v("exit", t.exit);
  v("exit_reason", t.exit_reason);
  v("exit_message", t.exit_message);
  v("ended_by_op", t.ended_by_op, kLater);
  v("from_ns", t.from_ns, kLater);
  v("to_ns", t.to_ns, kLater);
  v("without_ns", t.without_ns, kLater);
  v("log", t.log, kLater);
}

template <typename V, FieldsOf<VcpuSeen> T>
void fields(V& v, T& t) {
  v("cpu", t.cpu);
  v("pc", t.pc);
  v("symbol", t.symbol);
  v("state", t.state);
}

template <typename V, FieldsOf<TracedFinding> T>
void fields(V& v, T& t) {
  v("kind", t.kind);
  v("cgroup", t.cgroup);
  v("worker", t.worker);
  v("step", t.step);
  v("headline", t.headline);
  v("pid", t.pid);
  v("cpu", t.cpu);
  v("from_ns", t.from_ns);
  v("to_ns", t.to_ns);
  v("cause", t.cause);
  v("words", t.words);
}

template <typename V, FieldsOf<WorkerLastSeen> T>
void fields(V& v, T& t) {
  v("cgroup", t.cgroup);
  v("index", t.index);
  v("pid", t.pid);
  v("started_ns", t.started_ns);
  v("work_units", t.work_units);
  v("iterations", t.iterations);
  v("last_checkpoint_ns", t.last_checkpoint_ns);
}

template <typename V, FieldsOf<Repro::Call> T>
void fields(V& v, T& t) {
  v("at_ns", t.at_ns);
  v("cpu", t.cpu);
  v("depth", t.depth);
  v("words", t.words);
  v("took_ns", t.took_ns);
  v("is_open", t.is_open);
}

template <typename V, FieldsOf<Repro::Part> T>
void fields(V& v, T& t) {
  v("what", t.what);
  v("pid", t.pid);
  v("calls", t.calls);
  v("lines", t.lines);
}

template <typename V, FieldsOf<Repro> T>
void fields(V& v, T& t) {
  v("run", t.run);
  v("why_not", t.why_not);
  v("digest", t.digest);
  v("det_runs", t.det_runs);
  v("stack", t.stack);
  v("parts", t.parts);
}

template <typename V, FieldsOf<RunRecord> T>
void fields(V& v, T& t) {
  v("version", t.version);
  v("id", t.id);
  v("test", t.test);
  v("verdict", t.outcome);
  v("error", t.error);
  v("error_hint", t.error_hint);
  v("mode", t.mode);
  v("kernel", t.kernel);
  v("kernel_path", t.kernel_path);
  v("turn_ns", t.turn_ns);
  v("cpu_mips", t.cpu_mips, kLater);
  v("why_quantum", t.why_quantum, kLater);
  v("vcpu_instructions", t.vcpu_instructions, kLater);
  v("idle_guarded", t.idle_guarded, kLater);
  v("idle_jumps", t.idle_jumps, kLater);
  v("idle_refused", t.idle_refused, kLater);
  v("warm_image", t.warm_image, kLater);
  v("tuple", t.tuple);
  v("schedulers", t.schedulers);
  if (!std::is_const_v<T> || !t.declared.empty()) v("declared", t.declared, kLater);
  v("details", t.details);
  v("cgroups", t.cgroups);
  v("checked", t.checked);
  v("trace_events", t.trace_events, kLater);
  v("trace_source", t.trace_source, kLater);
  v("trace_lost", t.trace_lost, kLater);
  v("why_no_trace", t.why_no_trace, kLater);
  v("traced", t.traced, kLater);
  v("digest", t.digest);
  v("digest_complete", t.digest_complete);
  v("perturbed", t.perturbed);
  v("body_start_ns", t.body_start_ns, kLater);
  v("body_ns", t.body_ns);
  v("host_seconds", t.host_seconds);
  v("phases", t.phases);
  v("marks", t.marks);
  v("stimuli", t.stimuli, kLater);
  if (!std::is_const_v<T> || t.numa_pages_migrated != 0) v("numa_pages_migrated", t.numa_pages_migrated, kLater);
  v("payloads", t.payloads, kLater);
  v("captures", t.captures, kLater);
  v("end_of_guest", t.end_of_guest);
  v("vcpus", t.vcpus, kLater);
  v("new_taint", t.new_taint, kLater);
  v("scheduler_log", t.scheduler_log);
  v("kernel_log", t.kernel_log);
  v("kernel_reports", t.kernel_reports, kLater);
  v("body_log", t.body_log);
  v("console_tail", t.console_tail);
  v("run_dir", t.run_dir);
  v("started_at", t.started_at);
  v("repeat_command", t.repeat_command);
  v("replay_command", t.replay_command, kLater);
  v("replay_of", t.replay_of, kLater);
  if (!std::is_const_v<T> || t.repro) v("repro", t.repro, kLater);
  v("last_seen", t.last_seen, kLater);
  v("unseen_workers", t.unseen_workers, kLater);
  v("workers", t.workers);
}

}  // namespace ktstr
