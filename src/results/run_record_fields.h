// SPDX-License-Identifier: Apache-2.0
//
// The keys of a run record, for run_record_json.cpp alone. Each type has one function that lists its fields, which
// serves both directions: a field cannot be written and then forgotten when reading. A key that is added here goes into
// kAddedLater as well, so that records of earlier programs still read.
#pragma once

#include <string_view>
#include <type_traits>

#include "results/run_record.h"

namespace ktstr {

// Not in records of earlier programs, whose fields then keep what they are by default.
constexpr std::string_view kAddedLater[] = {"vary",
                                            "replay_command",
                                            "replay_of",
                                            "warm_image",
                                            "stimuli",
                                            "payloads",
                                            "captures",
                                            "gone",
                                            "held_ns",
                                            "sched_class",
                                            "nice",
                                            "weight",
                                            "share_pct",
                                            "entitled_pct",
                                            "oom_killed",
                                            "vcpus",
                                            "new_taint",
                                            "kernel_reports",
                                            "turn_instructions",
                                            "cpu_speeds",
                                            "cpu_mips",
                                            "why_quantum",
                                            "vcpu_instructions",
                                            "idle_guarded",
                                            "idle_jumps",
                                            "idle_refused"};

template <typename A, typename T>
requires std::is_same_v<std::remove_const_t<T>, Topology>
void fields(A& a, T& t) {
  a("numa_nodes", t.numa_nodes);
  a("llcs", t.llcs);
  a("cores_per_llc", t.cores_per_llc);
  a("threads_per_core", t.threads_per_core);
}

template <typename A, typename T>
requires std::is_same_v<std::remove_const_t<T>, RunTuple>
void fields(A& a, T& t) {
  a("test", t.test);
  a("seed", t.seed);
  a("vary", t.vary);
  a("kernel_sha256", t.kernel_sha256);
  a("topology", t.topology);
  a("icount_shift", t.icount_shift);
  a("turn_instructions", t.turn_instructions);
  a("cpu_speeds", t.cpu_speeds);
  a("quantum_ns", t.quantum_ns);
  a("memory_bytes", t.memory_bytes);
  a("qemu_version", t.qemu_version);
  a("inputs", t.inputs);
}

template <typename A, typename T>
requires std::is_same_v<std::remove_const_t<T>, PhaseTiming>
void fields(A& a, T& t) {
  a("phase", t.phase);
  a("guest_ns", t.guest_ns);
  a("host_seconds", t.host_seconds);
}

template <typename A, typename T>
requires std::is_same_v<std::remove_const_t<T>, SchedulerSeen>
void fields(A& a, T& t) {
  a("command", t.command);
  a("ops", t.ops);
  a("state_at_start", t.state_at_start);
  a("state_at_end", t.state_at_end);
  a("exit", t.exit);
  a("exit_reason", t.exit_reason);
  a("exit_message", t.exit_message);
}

template <typename A, typename T>
requires std::is_same_v<std::remove_const_t<T>, Detail>
void fields(A& a, T& t) {
  a("verdict", t.verdict);
  a("kind", t.kind);
  a("message", t.message);
  a("cgroup", t.cgroup);
  a("worker", t.worker);
  a("phase", t.phase);
  a("measured", t.measured);
  a("limit", t.limit);
  a("unit", t.unit);
}

template <typename A, typename T>
requires std::is_same_v<std::remove_const_t<T>, CgroupStats>
void fields(A& a, T& t) {
  a("cgroup", t.cgroup);
  a("phase", t.phase);
  a("workers", t.workers);
  a("cpuset", t.cpuset);
  a("cpus_used", t.cpus_used);
  a("iterations", t.iterations);
  a("work_units", t.work_units);
  a("migrations", t.migrations);
  a("min_off_cpu_pct", t.min_off_cpu_pct);
  a("max_off_cpu_pct", t.max_off_cpu_pct);
  a("avg_off_cpu_pct", t.avg_off_cpu_pct);
  a("spread_pct", t.spread_pct);
  a("max_gap_ns", t.max_gap_ns);
  a("max_gap_cpu", t.max_gap_cpu);
  a("cpu_time_ns", t.cpu_time_ns);
  a("run_delay_ns", t.run_delay_ns);
  a("wakeups", t.wakeups);
  a("wake_p50_ns", t.wake_p50_ns);
  a("wake_p99_ns", t.wake_p99_ns);
  a("wake_max_ns", t.wake_max_ns);
  a("sched_class", t.sched_class);
  a("weight", t.weight);
  a("share_pct", t.share_pct);
  a("entitled_pct", t.entitled_pct);
}

template <typename A, typename T>
requires std::is_same_v<std::remove_const_t<T>, StepMark>
void fields(A& a, T& t) {
  a("kind", t.kind);
  a("step", t.step);
  a("at_ns", t.at_ns);
  a("cgroups", t.cgroups);
  a("workers", t.workers);
  a("name", t.name);
}

template <typename A, typename T>
requires std::is_same_v<std::remove_const_t<T>, StimulusSeen>
void fields(A& a, T& t) {
  a("phase", t.phase);
  a("at_ns", t.at_ns);
  a("elapsed_ms", t.elapsed_ms);
  a("ops", t.ops);
  a("op_kinds", t.op_kinds);
  a("cgroups", t.cgroups);
  a("workers", t.workers);
  a("iterations", t.iterations);
}

template <typename A, typename T>
requires std::is_same_v<std::remove_const_t<T>, PayloadValue>
void fields(A& a, T& t) {
  a("name", t.name);
  a("value", t.value);
  a("polarity", t.polarity);
  a("unit", t.unit);
}

template <typename A, typename T>
requires std::is_same_v<std::remove_const_t<T>, PayloadReport>
void fields(A& a, T& t) {
  a("name", t.name);
  a("cgroup", t.cgroup);
  a("phase", t.phase);
  a("pid", t.pid);
  a("killed", t.killed);
  a("exit", t.exit);
  a("exit_code", t.exit_code);
  a("oom_killed", t.oom_killed);
  a("wall_time_ns", t.wall_time_ns);
  a("metrics", t.metrics);
  a("missing", t.missing);
  a("output_tail", t.output_tail);
}

template <typename A, typename T>
requires std::is_same_v<std::remove_const_t<T>, ProcsCapture>
void fields(A& a, T& t) {
  a("tag", t.tag);
  a("cgroup", t.cgroup);
  a("phase", t.phase);
  a("pids", t.pids);
}

template <typename A, typename T>
requires std::is_same_v<std::remove_const_t<T>, WorkerReport>
void fields(A& a, T& t) {
  a("cgroup", t.cgroup);
  a("index", t.index);
  a("group", t.group);
  a("pid", t.pid);
  a("work_units", t.work_units);
  a("iterations", t.iterations);
  a("started_ns", t.started_ns);
  a("cpu_time_ns", t.cpu_time_ns);
  a("wall_time_ns", t.wall_time_ns);
  a("run_delay_ns", t.run_delay_ns);
  a("timeslices", t.timeslices);
  a("max_gap_ns", t.max_gap_ns);
  a("max_gap_cpu", t.max_gap_cpu);
  a("max_gap_at_ns", t.max_gap_at_ns);
  a("migrations", t.migrations);
  a("cpus_used", t.cpus_used);
  a("cpus_outside", t.cpus_outside);
  a("sleep_ns", t.sleep_ns);
  a("wakeups", t.wakeups);
  a("wake_max_ns", t.wake_max_ns);
  a("wake_latencies_ns", t.wake_latencies_ns);
  a("responded", t.responded);
  a("exit", t.exit);
  a("gone", t.gone);
  a("held_ns", t.held_ns);
  a("sched_class", t.sched_class);
  a("nice", t.nice);
}

template <typename A, typename T>
requires std::is_same_v<std::remove_const_t<T>, std::pair<int, WorkerReport>>
void fields(A& a, T& t) {
  a("phase", t.first);
  a("report", t.second);
}

template <typename A, typename T>
requires std::is_same_v<std::remove_const_t<T>, VcpuSeen>
void fields(A& a, T& t) {
  a("cpu", t.cpu);
  a("pc", t.pc);
  a("symbol", t.symbol);
  a("state", t.state);
}

template <typename A, typename T>
requires std::is_same_v<std::remove_const_t<T>, RunRecord>
void fields(A& a, T& t) {
  a("version", t.version);
  a("id", t.id);
  a("test", t.test);
  a("verdict", t.outcome);
  a("error", t.error);
  a("error_hint", t.error_hint);
  a("mode", t.mode);
  a("kernel", t.kernel);
  a("kernel_path", t.kernel_path);
  a("turn_ns", t.turn_ns);
  a("cpu_mips", t.cpu_mips);
  a("why_quantum", t.why_quantum);
  a("vcpu_instructions", t.vcpu_instructions);
  a("idle_guarded", t.idle_guarded);
  a("idle_jumps", t.idle_jumps);
  a("idle_refused", t.idle_refused);
  a("warm_image", t.warm_image);
  a("tuple", t.tuple);
  a("scheduler", t.scheduler);
  a("details", t.details);
  a("cgroups", t.cgroups);
  a("checked", t.checked);
  a("digest", t.digest);
  a("digest_complete", t.digest_complete);
  a("perturbed", t.perturbed);
  a("body_ns", t.body_ns);
  a("host_seconds", t.host_seconds);
  a("phases", t.phases);
  a("marks", t.marks);
  a("stimuli", t.stimuli);
  a("payloads", t.payloads);
  a("captures", t.captures);
  a("end_of_guest", t.end_of_guest);
  a("vcpus", t.vcpus);
  a("new_taint", t.new_taint);
  a("scheduler_log", t.scheduler_log);
  a("kernel_log", t.kernel_log);
  a("kernel_reports", t.kernel_reports);
  a("body_log", t.body_log);
  a("console_tail", t.console_tail);
  a("run_dir", t.run_dir);
  a("started_at", t.started_at);
  a("repeat_command", t.repeat_command);
  a("replay_command", t.replay_command);
  a("replay_of", t.replay_of);
  a("workers", t.workers);
}

}  // namespace ktstr
