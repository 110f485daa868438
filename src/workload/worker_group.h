// SPDX-License-Identifier: Apache-2.0
//
// Workers: processes, or threads of one process. A group is spawned blocked (each worker in its cgroup from its first
// instruction), released together, and collected: every worker publishes its numbers in shared memory all along, so
// that one that no longer gets a CPU still has a report.
//
// Workers with a WorkSpec::pcomm are threads. The leader of their process does no work: it sleeps, as an ordinary task,
// until all have ended. What is a task's (name, CPUs, policy, nice value, clamps, memory policy) each of them has for
// itself; the cgroup, ids, signals and death are the process's.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "ktstr/topology.h"
#include "ktstr/work.h"

namespace ktstr {

class LiveWorkers;

struct WorkerPlacement {
  std::string cgroup;              // name for reports
  int spec = 0;                    // which WorkSpec of the cgroup it is, for reports
  const Fd* cgroup_dir = nullptr;  // clone3(CLONE_INTO_CGROUP); null: stay in ours
  // Started in our cgroup and moved by themselves before all else. For a cgroup whose processes were once killed by its
  // cgroup.kill: Linux 6.18 kills whatever is cloned into it from then on.
  bool moves_in = false;
  std::optional<CpuSet> allowed;  // what its cpuset allows, for the isolation check; empty: everything
  CpuSet born_on;                 // each worker waits for its release on one of these; empty: anywhere
  std::uint64_t birth_seed = 0;   // decides on which
  std::vector<CpuSet> affinity;   // of each worker, in order of index, from the start; empty: nothing is set
  CpuSet node_cpus;               // of WorkSpec::numa_node, where that is set
  std::string proc_root = "/proc";
};

// Equal workers with their place, the unit of which groups are made.
struct WorkerPart {
  WorkSpec spec;
  WorkerPlacement placement;
  std::uint64_t seed = 0;  // decides start phases
};

class WorkerGroup {
 public:
  // Workers are blocked until release(). One part; or several that are threads of one process, all in one cgroup.
  // Worker i of the cgroup has comm "CGROUP/i" (cut to 15 bytes as the kernel does) where the spec has none.
  // `first_index` numbers them across several groups of one cgroup. Workers die with the thread that spawns them.
  // Called from a real-time thread (without SCHED_RESET_ON_FORK), they set themselves up as real-time tasks, so that no
  // scheduler under test keeps them from the barrier, and are given the spec's CPUs, nice value, policy and clamps
  // there. All attributes are read back. kTimedOut when one does not get to the barrier within kReadyTimeout all the
  // same; kUnsupported where the kernel lacks an attribute, with the option to build it with; kInvalidArgument for a
  // spec that cannot work.
  static constexpr std::chrono::seconds kReadyTimeout{10};
  // What they have done is where `live` has room for it, until the group is gone; null: only here.
  static Result<WorkerGroup> spawn(const std::vector<WorkerPart>& parts, int first_index,
                                   std::shared_ptr<LiveWorkers> live = {});
  static Result<WorkerGroup> spawn(const WorkSpec& spec, const WorkerPlacement& placement, int first_index,
                                   std::uint64_t seed) {
    return spawn({{spec, placement, seed}}, first_index);
  }
  WorkerGroup(WorkerGroup&&) noexcept;
  WorkerGroup& operator=(WorkerGroup&&) noexcept;
  // Kills (SIGKILL) what still runs. Does not block for a worker that gets no CPU to die on.
  ~WorkerGroup();

  int size() const;
  // Of the workers: of threads, their thread ids. What a system call or /proc/PID says of one is the worker's.
  std::vector<int> pids() const;
  // Of their processes: the same, or that of the one process whose threads they are.
  std::vector<int> processes() const;
  // From now on `allowed` is what the isolation check compares with; empty: everything. To be called after the cpuset
  // was narrowed, and before it is widened; in between, with the union of both.
  void set_allowed(const CpuSet& allowed);
  // Work units' iterations of all workers so far.
  std::uint64_t iterations() const;
  // Changes of live workers, released or not; a worker that is gone is passed over, any other refusal is an Error that
  // names the worker. Each is read back.
  Status set_nice(int nice);
  Status set_policy(const SchedPolicy& policy);
  Status set_affinity(const std::vector<CpuSet>& per_worker);  // one a worker, or one for all
  Status set_uclamp(int min, int max);
  // To all of them, once to a process: what stops, continues or ends one thread does so to all. Workers that SIGSTOP
  // (or a terminal's stop) has stopped are continued by request_stop(). While they are stopped they are held.
  Status send_signal(int number);
  // Said before their cgroup, or one above it, is frozen, and after all of these were thawed. What they are held for
  // is part of no gap and of no share (WorkerReport::held_ns), and a gap begins anew when it is over.
  void set_frozen(bool frozen);
  // Said before the scenario kills them (SIGKILL): that is no death by itself, and they are judged up to here.
  void expect_kill();
  // Where what runs them has changed: their classes so far are in their reports.
  void note_sched_class();
  void release();
  // Tells all workers to stop; returns at once. Call it after release().
  void request_stop();
  // Waits until all have ended or `grace` (CLOCK_MONOTONIC) is over; what they did until then is what they report.
  // Sends SIGKILL to the rest and does not wait for it. Requests the stop where nobody has. kInvalidArgument before
  // release().
  Status stop(std::chrono::nanoseconds grace);
  // The reports, in order of index, after stop(), which it does with `grace` where nobody has. Those that were killed
  // are waited for: kKillGrace after the last of them got a CPU or ended, they are not gone (WorkerReport::gone), nor
  // when in kMostKillGrace none has ended. kInvalidArgument before release() and the second time.
  static constexpr std::chrono::seconds kKillGrace{2}, kMostKillGrace{10};
  Result<std::vector<WorkerReport>> collect(std::chrono::nanoseconds grace = {});

 private:
  struct Process;
  struct Worker;
  struct State;
  explicit WorkerGroup(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ktstr
