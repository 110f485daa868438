// SPDX-License-Identifier: Apache-2.0
//
// Checks and verdicts. A check looks at what was measured and leaves details; the verdict is the worst of them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "ktstr/payload.h"
#include "ktstr/topology.h"
#include "ktstr/work.h"

namespace ktstr {

// Ordered: merging keeps the larger. An empty result is a pass.
enum class Verdict { kSkip = 0, kPass = 1, kInconclusive = 2, kFail = 3 };
std::string_view to_string(Verdict verdict);  // "skip", "pass", "inconclusive", "fail"

// What kind of thing was found: a closed set, part of the result format (its text is stable).
enum class DetailKind {
  kNoProgress,            // "no_progress": a worker did nothing
  kStuck,                 // "stuck": gap between checkpoints above the limit
  kUnfair,                // "unfair": spread of off-CPU share inside a cgroup above the limit
  kIsolation,             // "isolation": a worker ran outside its cgroup's cpuset
  kWorkerDied,            // "worker_died"
  kSchedulerNotAttached,  // "scheduler_not_attached": it never got as far as `enabled`
  kSchedulerRejected,     // "scheduler_rejected": the verifier or struct_ops registration refused it
  kSchedulerCrashed,  // "scheduler_crashed": error exit of the BPF scheduler (scx_bpf_error, runtime error), or of its
                      // process
  kSchedulerStalled,  // "scheduler_stalled": the kernel's sched_ext watchdog ended it
  kSchedulerExited,   // "scheduler_exited": left by itself without an error
  kSchedulerNotDetached,  // "scheduler_not_detached": did not unload when it was ended
  kSchedulerNotUsed,      // "scheduler_not_used": enabled, but it ran none of the workers
  kStepFailed,            // "step_failed": an op or set-up of a step failed
  kBackdropFailed,        // "backdrop_failed"
  kTimeout,               // "timeout": the body outlived its limit
  kBodyCrashed,           // "body_crashed": the test's body died
  kKernelPanic,           // "kernel_panic"
  kKernelStall,           // "kernel_stall": lockup or RCU stall reported by the kernel, and the guest ended
  kKernelHang,            // "kernel_hang": the guest stopped giving signs of life after its boot
  kKernelOops,            // "kernel_oops": BUG, oops or general protection fault, and the kernel went on
  kKernelWarning,         // "kernel_warning": WARN()
  kLockdep,               // "lockdep": a report of lockdep or of a sleep in atomic context
  kHungTask,              // "hung_task"
  kRcuStall,              // "rcu_stall", and the kernel went on
  kLockup,                // "lockup": soft or hard, and the kernel went on
  kKernelTaint,       // "kernel_taint": a taint flag that was not set when the run began, which nothing else explains
  kNotRepeatable,     // "not_repeatable": two det runs of one tuple differ
  kPayload,           // "payload": a check of a payload does not hold, or it could not be waited for
  kWorkerStalled,     // "worker_stalled": host mode's monitor saw a runnable worker stand still
  kShare,             // "share": a cgroup's share of CPU time is not the one that its weight entitles it to
  kLostEvidence,      // "lost_evidence": records or log lines of the guest are missing
  kOutputFlood,       // "output_flood": the guest, its kernel or the scheduler printed without end
  kSchedulerDied,     // "scheduler_died": its process is gone, and neither the kernel nor the process said why
  kWorkConservation,  // "work_conservation": a task waited while a CPU was idle that it may run on
  kWaitAge,           // "wait_age": a task waited too long for a CPU
  kAllowedCpu,        // "allowed_cpu": a task ran where its affinity does not allow it
  kStarvation,        // "starvation": a task waited while one that is not above it ran
  kLostTask,          // "lost_task": the same, and a BPF scheduler had it in no queue
  kMaxSlice,          // "max_slice": a task kept a CPU from one that waited for that very CPU
  kPingPong,          // "ping_pong": a task was moved from CPU to CPU without need
  kWeightOrder,       // "weight_order": a task got clearly less than one of a lower weight
  kWeightShare,       // "weight_share": a task got clearly more or less than its weight entitles it to
  kBandwidth,         // "bandwidth": a cgroup got clearly more than its quota, or was kept off without having had it
  kQueueDepth,        // "queue_depth": a dispatch queue of a BPF scheduler held too many tasks
  kWorkNotDone,       // "work_not_done": a worker could not do what its work type is
  kUser,              // "user": a claim of the test itself
  kNote,              // "note": information only
};
std::string_view to_string(DetailKind kind);
std::optional<DetailKind> detail_kind_from(std::string_view text);

struct Detail {
  Verdict verdict = Verdict::kFail;
  DetailKind kind = DetailKind::kUser;
  std::string message;  // one sentence with the measured value and the limit in it
  std::string cgroup;   // empty when it is not about one
  int worker = -1;      // index in the cgroup, -1 when it is not about one
  int step = 0;         // 0: before the first step; k: step k (from 1)
  std::optional<double> measured;
  std::optional<double> limit;
  std::string unit;  // of both: "ms", "%"

  bool is_about(const WorkerReport& report) const { return report.who() == std::tie(cgroup, worker, step); }
};

// What a check looked at, so that a pass means something.
struct Checked {
  std::string text;  // "gap: the 4 workers of cg_0, limit 2000 ms"
  int step = 0;      // as Detail::step
  bool operator==(const Checked&) const = default;
};

// Which checks run, with which limits. An unset field means "the default".
struct Checks {
  std::optional<bool> progress;                      // default on: every worker did at least one work unit
  std::optional<std::chrono::milliseconds> max_gap;  // default 2000 ms of guest time between two checkpoints
  std::optional<double> max_spread_pct;              // default 35: (max - min) off-CPU share inside one cgroup
  std::optional<bool> isolation;                     // default on: nobody ran outside its cpuset
  std::optional<bool> scheduler_attached;            // default on: attached at the start, still attached at the end
  std::optional<bool> survives_storm;                // default off: at least one op swapped schedulers, and none of
                                                     // them ended by itself
  std::optional<bool> scheduler_used;                // default on: the scheduler ran the workers
  std::optional<bool> kernel_log;                    // default on: no oops, WARN, lockdep, hung task, stall, new taint
  std::vector<std::string> kernel_log_allow;  // findings of the kernel whose text contains one of these are notes
  std::optional<bool> share;                  // default off: CPU time by cpu.weight and nice
  std::optional<double> share_tolerance_pct;  // points; unset: what the length of the window implies
  // By the recorder, in det mode: how long a CPU may be idle while tasks wait that may run on it (default 100 ms,
  // under the kernel's own scheduler 1 s or 4 ms a CPU; 0: not judged), and how long any task may wait for a CPU
  // (default: not judged).
  std::optional<std::chrono::milliseconds> max_idle, max_wait;
  // Likewise: how long a task may run during one wait of another that it is not above, in the same cgroup (default 500
  // ms, under the kernel's own scheduler 1 s, or 4 ms a CPU), and how long without a break while such a one waits for
  // that very CPU (default 200 ms, or 4 ms a CPU). 0: not judged.
  std::optional<std::chrono::milliseconds> max_starved, max_slice;
  // Likewise: how often a second of its run time a task may be taken off a CPU that has nothing else to run, to another
  // one (default 50; 0: not judged).
  std::optional<int> max_moves;
  // Likewise: no task gets clearly less than one of a lower nice weight. Default: under the kernel's own scheduler.
  std::optional<bool> weight_order;
  // Likewise: of the tasks of a cgroup that want to run on one CPU all the time, each gets what its nice weight
  // entitles it to, within a tenth of a window and two turns. Default: under the kernel's own scheduler.
  std::optional<bool> weight_share;
  // Likewise: no cgroup gets clearly more than its quota (cpu.max), nor far less for being kept off by it. Default:
  // under the kernel's own scheduler.
  std::optional<bool> bandwidth;
  // Likewise: how many tasks a dispatch queue (DSQ) of a BPF scheduler may hold at once (default, and 0: not judged).
  std::optional<int> max_queue_depth;
  bool gap_off = false;  // switch a limit off altogether
  bool spread_off = false;

  static constexpr std::chrono::milliseconds kDefaultMaxGap{2000};
  static constexpr double kDefaultMaxSpreadPct = 35.0;
  static constexpr std::chrono::milliseconds kDefaultMaxIdle{100};
  static constexpr std::chrono::milliseconds kDefaultMaxStarved{500};
  static constexpr std::chrono::milliseconds kDefaultMaxSlice{200};
  static constexpr int kDefaultMaxMoves = 50;

  bool progress_on() const { return progress.value_or(true); }
  bool isolation_on() const { return isolation.value_or(true); }
  bool scheduler_attached_on() const { return scheduler_attached.value_or(true); }
  bool survives_storm_on() const { return survives_storm.value_or(false); }
  bool scheduler_used_on() const { return scheduler_used.value_or(true); }
  bool kernel_log_on() const { return kernel_log.value_or(true); }
  bool weight_order_on(bool kernels_own) const { return weight_order.value_or(kernels_own); }
  bool weight_share_on(bool kernels_own) const { return weight_share.value_or(kernels_own); }
  bool bandwidth_on(bool kernels_own) const { return bandwidth.value_or(kernels_own); }
  bool share_on() const { return share.value_or(false); }
  std::chrono::milliseconds gap_limit() const { return max_gap.value_or(kDefaultMaxGap); }
  std::chrono::milliseconds idle_limit() const { return max_idle.value_or(kDefaultMaxIdle); }
  std::chrono::milliseconds starved_limit() const { return max_starved.value_or(kDefaultMaxStarved); }
  std::chrono::milliseconds slice_limit() const { return max_slice.value_or(kDefaultMaxSlice); }
  int moves_limit() const { return max_moves.value_or(kDefaultMaxMoves); }
  int queue_limit() const { return max_queue_depth.value_or(0); }
  double spread_limit() const { return max_spread_pct.value_or(kDefaultMaxSpreadPct); }
};

// Of a WorkLatency of all workers of a cgroup. Percentiles are at most 1.6 % off.
struct LatencyStats {
  std::string what;
  std::uint64_t count = 0, p50_ns = 0, p90_ns = 0, p99_ns = 0, p999_ns = 0, max_ns = 0;
};

// Numbers of one cgroup over one step (or over the Backdrop's life).
struct CgroupStats : WorkerNumbers {
  std::string cgroup;
  int step = 0;
  int workers = 0;
  CpuSet cpuset;  // what it was allowed; empty: everything
  double min_off_cpu_pct = 0, max_off_cpu_pct = 0, avg_off_cpu_pct = 0;
  double spread_pct = 0;  // max - min among equal workers; the largest where there are several WorkSpecs
  std::uint64_t wake_p50_ns = 0, wake_p99_ns = 0;
  int weight = 0;            // cpu.weight at the end; 0: not known
  double share_pct = 0;      // of the CPU time of all cgroups in the step
  double entitled_pct = -1;  // by weight and nice; -1: not computed
  std::vector<LatencyStats> latencies;
  std::vector<WorkCount> counts;
};

// What Op::capture_cgroup_procs() read.
struct ProcsCapture {
  std::string tag, cgroup;
  int step = 0;
  std::vector<int> pids;
};

// What executing a scenario found: the value that a test's body returns.
struct AssertResult {
  std::vector<Detail> details;
  std::vector<CgroupStats> cgroups;
  std::vector<PayloadReport> payloads;
  std::vector<ProcsCapture> captures;
  std::vector<Checked> checked;
  bool skipped = false;

  static AssertResult pass() { return {}; }
  // A skip merged with anything else is no skip any more; `why` stays as a note.
  static AssertResult skip(std::string why);
  static AssertResult fail(std::string message);
  // A claim of the test itself: adds a failing detail when `holds` is false, and is listed under `checked`.
  AssertResult& claim(bool holds, std::string what);
  // What was looked at, and in which step; 0: in none.
  void add_checked(std::string text, int step = 0);
  Verdict verdict() const;
  // The pids of the first capture with this tag; null when there is none.
  const ProcsCapture* capture(std::string_view tag) const;
  // The details and cgroups of both; what both looked at in one step is listed once.
  void merge(AssertResult other);
};

}  // namespace ktstr
