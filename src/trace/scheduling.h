// SPDX-License-Identifier: Apache-2.0
//
// What the events mean: what each task does and each CPU runs, at every moment. All judgement stands on this.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "trace/events.h"

namespace ktstr {

enum class TaskPhase : std::uint8_t {
  kUnknown,   // nothing was heard of it yet
  kSleeping,  // until somebody wakes it
  kWaiting,   // could run, and does not
  kRunning,
  kDead,
};
using CpuBits = std::array<std::uint64_t, 4>;  // of CPUs 0 to 255
constexpr bool has_cpu(const CpuBits& mask, std::uint32_t cpu) {
  return cpu < 256 && (mask[cpu / 64] >> (cpu % 64) & 1) != 0;
}

// Queues that the kernel has for BPF schedulers (include/linux/sched/ext.h).
constexpr std::uint64_t kBuiltInDsq = 1ULL << 63, kLocalOnDsq = 1ULL << 62;
constexpr std::uint64_t kGlobalDsq = kBuiltInDsq | 1, kLocalDsq = kBuiltInDsq | 2, kBypassDsq = kBuiltInDsq | 3;
// The local queue of the CPU whose number is in the lower half.
constexpr bool is_local_on(std::uint64_t dsq) {
  return (dsq & (kBuiltInDsq | kLocalOnDsq)) == (kBuiltInDsq | kLocalOnDsq);
}

// What the kernel itself counts of a task, by rq.clock, which lags a little: sched_info.run_delay and
// se.sum_exec_runtime, /proc/PID/schedstat. Of a task that it balances to another CPU while it sleeps on its queue, the
// kernel takes the sleep for a wait. Under EEVDF a run ends where the task leaves its queue, not at the switch.
struct KernelAccount {
  std::uint64_t waited_ns = 0, ran_ns = 0;
  std::uint64_t queued_at = 0;   // rq.clock since when it waits; 0: it does not
  std::uint64_t running_at = 0;  // ... since when it runs
  std::uint64_t left_at = 0;     // ... when it has left EEVDF's queue, while it runs; 0: it has not
};

// What decides whom a task competes with, and how: it changes with an enqueue.
struct Rank {
  std::uint32_t group = 0;   // of the kernel's; 0: not known
  std::uint64_t cgroup = 0;  // several that have no cpu controller are in one group
  SchedClass sched_class = SchedClass::kFair;
  std::uint32_t policy = 0;  // SCHED_*
  int nice = 0;
  bool operator==(const Rank&) const = default;
  // Tasks that one class treats alike but for their nice values.
  bool is_peer_of(const Rank& other) const {
    return group != 0 && group == other.group && cgroup == other.cgroup && sched_class == other.sched_class &&
           policy == other.policy;
  }
};

struct TaskNow {
  TaskPhase phase = TaskPhase::kUnknown;
  std::uint64_t since_ns = 0;  // of the phase
  std::uint16_t cpu = 0;       // where it runs or waits, or was last
  bool queued = false;         // its class has it on a runqueue; a task that waits and is not is kept from running
  bool taken_off = false;      // it sleeps on its queue (delayed), and was taken off to be put on it again
  std::optional<SchedClass> sched_class;
  std::optional<Rank> rank;              // of its last enqueue, where the kernel shows it
  std::uint64_t steady_ns = 0;           // since when rank, mask and cgroup are as they are
  std::optional<CpuBits> mask;           // where it may run; none: not known, which is treated as everywhere
  std::uint64_t cgroup = 0;              // 0: not known
  std::uint64_t masked_ns = 0;           // when that was set last
  std::optional<std::uint16_t> excused;  // a CPU that its mask has excluded while it was there, until it has left
  std::optional<std::uint64_t> dsq;      // where a BPF scheduler put the task since it ran last
  KernelAccount kernel;
  bool may_run_on(std::uint32_t on) const { return !mask || has_cpu(*mask, on); }
};

struct CpuNow {
  std::int32_t current = 0;  // pid; 0: it is idle
  std::int32_t prio = 120;   // task_struct.prio of that task, as it was when it began to run
  bool known = false;        // something was heard of it
  bool online = true;
  std::uint32_t irq_depth = 0;
};

// A task goes from one phase to another. `before` is how it was.
struct Transition {
  std::int32_t pid = 0;
  TaskNow before;
  TaskPhase after = TaskPhase::kUnknown;
  std::uint64_t at_ns = 0;
  std::uint16_t cpu = 0;
  std::uint64_t clock = 0;  // rq.clock; 0: none was at hand
};

class Scheduling {
 public:
  // Transitions are given to `on_transition` before they take effect.
  using OnTransition = std::function<void(const Transition&)>;
  void add(const TraceEvent& event, const OnTransition& on_transition = {});

  const std::map<std::int32_t, TaskNow>& tasks() const { return tasks_; }
  const std::vector<CpuNow>& cpus() const { return cpus_; }
  const TaskNow* task(std::int32_t pid) const;
  // Whether a cgroup, or one above it, has used up its quota on a CPU.
  bool is_throttled(std::uint64_t cgroup, std::uint32_t cpu) const;
  // 0: it has none, or it is not known.
  std::uint64_t parent_of(std::uint64_t cgroup) const;
  std::uint64_t now_ns() const { return now_ns_; }
  // Where the task may run, of CPUs that something was heard of: what a mask says of others may be no part of it in the
  // guest's memory.
  CpuBits usable_cpus(const TaskNow& task) const;

 private:
  void on_switch(const trace::Switch& event, std::uint16_t cpu);
  void on_hole(std::uint16_t cpu);
  void on_enqueue(const trace::Enqueue& event, bool class_known);
  void on_migrate(const trace::Migrate& event);
  void on_dequeue(const trace::Dequeue& event);
  void go(std::int32_t pid, TaskPhase after, std::uint16_t cpu, std::uint64_t clock);
  void on_affinity(const TraceEvent& event);
  void note_parent(std::uint64_t cgroup, std::uint64_t parent);
  CpuNow& cpu_at(std::uint32_t cpu);

  std::map<std::int32_t, TaskNow> tasks_;
  std::vector<CpuNow> cpus_;
  std::map<std::pair<std::uint64_t, std::uint32_t>, std::uint64_t> throttled_;  // (cgroup, CPU): by how many quotas
  std::map<std::uint64_t, std::uint64_t> parents_;                              // of cgroups
  std::uint64_t now_ns_ = 0;
  const OnTransition* on_transition_ = nullptr;
};

}  // namespace ktstr
