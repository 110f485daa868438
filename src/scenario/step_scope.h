// SPDX-License-Identifier: Apache-2.0
//
// What one step brings into the world: its cgroups and their workers. Everything leaves through tear_down(), after a
// good step and after a failed one alike, in one order: workers stopped, collected and checked, then cgroups removed,
// newest first. A scope that is dropped kills its workers and removes its cgroups too, but keeps no numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cgroup/cgroup_scope.h"
#include "scenario/event_sink.h"
#include "scenario/executor_hooks.h"
#include "scenario/plan.h"

namespace ktstr {

// How long workers have for their end after they were told to stop, all of a scope together, in guest time.
inline constexpr Nanoseconds kStopGrace = std::chrono::seconds(2);

// Depends on nothing but its arguments; `cgroup` and `group` are positions from 0, `step` counts from 1.
std::uint64_t worker_seed(std::uint64_t scenario_seed, int step, std::size_t cgroup, std::size_t group);

// The pause before a step's op `op`, counted from 0: 0 to 500 us.
Nanoseconds pause_before(std::uint64_t pauses_seed, int step, int op);

// Of the whole scenario, one for each factor; see ktstr/vary.h.
struct StepSeeds {
  std::uint64_t phases = 0, pauses = 0, births = 0;
};

class StepScope {
 public:
  // `ops` and `hooks` must outlive the scope. `phase` labels its reports and details.
  StepScope(CgroupOps& ops, const ExecutorHooks& hooks, int phase, const StepSeeds& seeds, CpuSet machine)
      : ops_(ops), hooks_(hooks), phase_(phase), seeds_(seeds), machine_(std::move(machine)), cgroups_(ops) {}

  // Creates and limits all cgroups, then spawns all workers, blocked, with a pause before each of these. What was made
  // before a failure stays until tear_down().
  Status set_up(const PlannedStep& step);
  void release_workers();
  // Adds checks, statistics and reports of released workers to `result` and `events`; what cannot be removed becomes a
  // note. An Error says that workers could not be collected: their checks are missing.
  Status tear_down(const Checks& checks, EventSink& events, AssertResult& result);

  // How long its pauses were, all together.
  Nanoseconds paused() const { return paused_; }
  int cgroup_count() const { return static_cast<int>(live_.size()); }
  int worker_count() const;

 private:
  struct LiveCgroup {
    PlannedCgroup plan;
    std::vector<RunningWorkers> groups;
  };
  void pause();
  Status create(const PlannedCgroup& cgroup);
  Status spawn(LiveCgroup& cgroup, std::size_t position);
  Result<std::vector<WorkerReport>> collect(const LiveCgroup& cgroup, Nanoseconds deadline);
  void judge(const LiveCgroup& cgroup, const std::vector<WorkerReport>& reports, const Checks& checks,
             EventSink& events, AssertResult& result) const;
  void remove_cgroups(AssertResult& result);

  CgroupOps& ops_;
  const ExecutorHooks& hooks_;
  int phase_;
  StepSeeds seeds_;
  CpuSet machine_;
  int ops_done_ = 0;
  Nanoseconds paused_{};
  bool released_ = false;
  CgroupScope cgroups_;  // before live_: workers must be gone when cgroups are removed
  std::vector<LiveCgroup> live_;
};

}  // namespace ktstr
