// SPDX-License-Identifier: Apache-2.0
//
// Under which conditions workers do what they do (work_types.h). A WorkSpec is a group of equal workers: how many, what
// they do, and the scheduling attributes that they have.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ktstr/cpuset.h"
#include "ktstr/latency_histogram.h"
#include "ktstr/topology.h"
#include "ktstr/work_types.h"

namespace ktstr {

// A scheduling policy with its parameters: sched_setattr(2).
struct SchedPolicy {
  enum class Kind : std::uint8_t { kNormal, kBatch, kIdle, kFifo, kRr, kDeadline, kExt };
  Kind kind = Kind::kNormal;
  int priority = 0;                                          // kFifo, kRr: 1..99
  std::chrono::nanoseconds runtime{}, deadline{}, period{};  // kDeadline: 1024 ns <= runtime <= deadline <= period

  static SchedPolicy normal() { return {}; }
  static SchedPolicy batch() { return {.kind = Kind::kBatch}; }
  static SchedPolicy idle() { return {.kind = Kind::kIdle}; }
  static SchedPolicy fifo(int priority) { return {.kind = Kind::kFifo, .priority = priority}; }
  static SchedPolicy rr(int priority) { return {.kind = Kind::kRr, .priority = priority}; }
  static SchedPolicy deadline_of(std::chrono::nanoseconds runtime, std::chrono::nanoseconds deadline,
                                 std::chrono::nanoseconds period) {
    return {.kind = Kind::kDeadline, .runtime = runtime, .deadline = deadline, .period = period};
  }
  // SCHED_EXT (7), for schedulers that take only those tasks (SCX_OPS_SWITCH_PARTIAL).
  static SchedPolicy ext() { return {.kind = Kind::kExt}; }

  Status validate() const;
  std::string describe() const;  // "normal", "fifo(50)", "deadline(2ms/10ms/10ms)"
  friend bool operator==(const SchedPolicy&, const SchedPolicy&) = default;
};

// A memory policy: set_mempolicy(2).
struct MemPolicy {
  enum class Kind : std::uint8_t {
    kDefault,
    kPreferred,
    kBind,
    kInterleave,
    kLocal,
    kPreferredMany,       // Linux 5.15
    kWeightedInterleave,  // Linux 6.9
  };
  static constexpr unsigned kStaticNodes = 1u << 15;    // MPOL_F_STATIC_NODES, linux/mempolicy.h
  static constexpr unsigned kRelativeNodes = 1u << 14;  // MPOL_F_RELATIVE_NODES
  static constexpr unsigned kNumaBalancing = 1u << 13;  // MPOL_F_NUMA_BALANCING
  Kind kind = Kind::kDefault;
  CpuSet nodes;        // NUMA nodes
  unsigned flags = 0;  // of the three above

  static MemPolicy preferred(NumaNode node) { return {Kind::kPreferred, {node}, 0}; }
  static MemPolicy bind(CpuSet nodes) { return {Kind::kBind, std::move(nodes), 0}; }
  static MemPolicy interleave(CpuSet nodes) { return {Kind::kInterleave, std::move(nodes), 0}; }
  static MemPolicy local() { return {Kind::kLocal, {}, 0}; }
  static MemPolicy preferred_many(CpuSet nodes) { return {Kind::kPreferredMany, std::move(nodes), 0}; }
  static MemPolicy weighted_interleave(CpuSet nodes) { return {Kind::kWeightedInterleave, std::move(nodes), 0}; }
  MemPolicy with_flags(unsigned bits) const {
    MemPolicy copy = *this;
    copy.flags |= bits;
    return copy;
  }

  // In this order: unknown flag bits; STATIC and RELATIVE together; a policy without nodes is fine; STATIC: the nodes
  // must exist; RELATIVE: accepted; otherwise every node must be among those that `cpuset` (empty: all CPUs) covers.
  Status check(const TestTopology& topology, const CpuSet& cpuset) const;
  std::string describe() const;  // "bind(0-1)", "bind(0-1, static)"
  friend bool operator==(const MemPolicy&, const MemPolicy&) = default;
};

// A group of equal workers. Each worker is a process of its own, or with `pcomm` a thread. What is not set is inherited
// from the CgroupDef, and where that does not say either, left alone.
struct WorkSpec {
  int workers = 1;                         // at least 1; as many as their type needs, as 2 for pairs, or a multiple
  std::optional<double> workers_pct = {};  // instead: ceil(CPUs of the cpuset * this), finite and > 0; 1.0: one a CPU
  WorkType type = SpinWait{};
  std::optional<int> nice = {};          // -20..19
  std::optional<std::string> comm = {};  // 1 to 15 bytes; default "CGROUP/INDEX"
  // The workers are threads of one process, whose leader has this name and only sleeps: 1 to 15 bytes. All WorkSpecs of
  // a CgroupDef that say the same name share the process, and so must have the same uid and gid. Each thread has a
  // comm, CPUs, policy, nice value, clamps and memory policy of its own; signals and death meet them all.
  std::optional<std::string> pcomm = {};
  std::optional<std::uint32_t> uid = {}, gid = {};
  // Run on this node's CPUs (those of `affinity` that are on it) and take memory from it, unless `mem_policy` says from
  // where: as numactl -N -m.
  std::optional<NumaNode> numa_node = {};
  SchedPolicy policy = {};
  AffinityIntent affinity = AffinityIntent::inherit();
  MemPolicy mem_policy = {};
  std::optional<int> uclamp_min = {}, uclamp_max = {};  // 0..1024, of the task: sched_setattr(2)
  // The slice that the task asks for (sched_attr's runtime, Linux 6.12), 100 us to 100 ms. Only policies normal, batch
  // and idle have one; how a BPF scheduler takes it is up to that.
  std::optional<std::chrono::nanoseconds> slice = {};
  // How late the kernel may end its sleeps, 1 ns to 1 s: prctl(PR_SET_TIMERSLACK). Default: 1 ns, so that wake
  // latencies are the scheduler's.
  std::optional<std::chrono::nanoseconds> timer_slack = {};
};

// What a worker did, in guest time, or, added up, all of a cgroup.
struct WorkerNumbers {
  std::uint64_t work_units = 0;
  std::uint64_t iterations = 0;
  std::uint64_t cpu_time_ns = 0;   // CLOCK_THREAD_CPUTIME_ID, over the run
  std::uint64_t run_delay_ns = 0;  // /proc/PID/schedstat, second field, over the run: waiting while runnable
  std::uint64_t max_gap_ns = 0;    // longest time between two checkpoints
  Cpu max_gap_cpu = -1;            // CPU after the gap; -1: it was still away when the report was made
  std::uint64_t migrations = 0;    // checkpoints on another CPU than the one before
  CpuSet cpus_used;
  std::uint64_t wakeups = 0;      // how many wake latencies there were
  std::uint64_t wake_max_ns = 0;  // the longest of all wake latencies, whether kept or not
  std::string sched_class;  // "ext", "fair", "rt", "deadline"; "ext+rt" where it changed or they differ; "": not known
};

// What work of some types measures beyond wake-ups: latencies, as of the requests that it served, and how often
// something happened. `what` is one of the work type's: "request", "hits".
struct WorkLatency {
  std::string what;
  std::uint64_t max_ns = 0;  // exact
  LatencyHistogram times;
};
struct WorkCount {
  std::string what;
  std::uint64_t count = 0;
};

struct NodePages {
  NumaNode node = 0;
  std::uint64_t pages = 0;  // of 4 KiB
  bool operator==(const NodePages&) const = default;
};

// What one worker did, and who it was.
struct WorkerReport : WorkerNumbers {
  std::string cgroup;            // the definition's name, "cg_0"; empty for a worker outside of the scenario's cgroups
  int step = 0;                  // at whose end it was stopped: 0 for the Backdrop's, k for step k (from 1)
  int index = 0;                 // in its cgroup, from 0
  int spec = 0;                  // which WorkSpec of its cgroup it belongs to, from 0
  std::string role;              // its part in that: "messenger"; "": all do the same. Only equal parts are comparable
  int pid = 0;                   // of a thread, its thread id
  std::uint64_t started_ns = 0;  // CLOCK_MONOTONIC when released
  std::uint64_t wall_time_ns = 0;   // released to stopped
  std::uint64_t timeslices = 0;     // schedstat, third field, over the run
  std::uint64_t max_gap_at_ns = 0;  // when the gap ended, since released
  CpuSet cpus_outside;              // CPUs it was seen on that its cpuset at the time did not allow
  std::uint64_t sleep_ns = 0;       // asked to sleep; is not waiting for a CPU
  LatencyHistogram wake_latencies;
  bool responded = true;  // false: it did not stop when told to; the numbers are the last it published
  // Empty, or how it died by itself: "killed by signal 11 (SIGSEGV)"; of a thread, how its process did, and so all of
  // its threads: "process 'web': killed by signal 11 (SIGSEGV)".
  std::string exit;
  bool gone = true;           // false: it did not end within the grace after SIGKILL either
  std::uint64_t held_ns = 0;  // frozen or stopped by the scenario, over the run: no time in which it could run
  int nice = 0;               // at the end
  std::vector<WorkLatency> latencies;
  std::vector<WorkCount> counts;
  // Where the memory of its process was when it was told to stop; only of workers whose WorkSpec says where it is to
  // be, and of work types that move it.
  std::vector<NodePages> node_pages;
  std::uint64_t missed = 0;  // periods, timer expiries and items that it missed, or was too late for
  std::string could_not;     // what it had to do and could not: "set its policy: Operation not permitted"; "": nothing

  // Who it was among all workers of a run; how it is called: "worker 3", "worker 3 (pid 17)", "worker 3 of cg_0".
  auto who() const { return std::tie(cgroup, index, step); }
  std::string label() const { return std::string("worker ").append(std::to_string(index)); }
  std::string task() const { return label() + " (pid " + std::to_string(pid) + ")"; }
  std::string name() const { return label() + (cgroup.empty() ? " outside of the cgroups" : " of " + cgroup); }
  bool died() const { return !exit.empty(); }
  // Empty for one that stopped when told to.
  std::string_view end() const {
    if (died() || !gone) return died() ? std::string_view(exit) : "did not end";
    return responded ? "" : "did not stop when told to";
  }
  bool was_held() const { return held_ns > 0; }
  // Which task it was, among all of a run: pids are used again.
  auto task_id() const { return std::pair(pid, started_ns); }
  // CLOCK_MONOTONIC: when it stopped; from when to when it ran; when its longest gap began and ended.
  std::uint64_t ended_ns() const { return started_ns + wall_time_ns; }
  auto ran() const { return std::pair(started_ns, ended_ns()); }
  std::uint64_t max_gap_began_ns() const { return max_gap_ended_ns() - std::min(max_gap_ended_ns(), max_gap_ns); }
  std::uint64_t max_gap_ended_ns() const { return started_ns + max_gap_at_ns; }
  bool outlived(std::uint64_t from_ns, std::uint64_t to_ns) const {
    return started_ns <= from_ns && ended_ns() > to_ns;
  }
  // In which it wanted a CPU and might have one: neither asleep by itself nor held.
  std::chrono::nanoseconds time_awake() const {
    return std::chrono::nanoseconds(wall_time_ns - std::min(wall_time_ns, sleep_ns + held_ns));
  }
  // Time off the CPU that it did not ask for, as a share (0 to 100) of the time awake; 0 when there is no such time.
  double off_cpu_pct() const {
    const auto awake = static_cast<std::uint64_t>(time_awake().count());
    if (awake == 0) return 0;
    return 100.0 * static_cast<double>(awake - std::min(awake, cpu_time_ns)) / static_cast<double>(awake);
  }
  WorkerReport without_latencies() const {
    WorkerReport copy = *this;
    copy.wake_latencies = {};
    copy.latencies = {};
    return copy;
  }
};

}  // namespace ktstr
