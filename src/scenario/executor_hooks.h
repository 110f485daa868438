// SPDX-License-Identifier: Apache-2.0
//
// What the executor needs from the world apart from cgroups: workers, payloads, the wait of a hold, the machine's files
// and the time. Real in a guest and on a host, replaced in tests, so that every failure of a step can be had without a
// kernel that fails.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "ktstr/checks.h"
#include "ktstr/payload.h"
#include "payload/findings.h"
#include "payload/payload_process.h"
#include "scenario/liveness.h"
#include "scenario/machine_changes.h"
#include "scenario/oom_kills.h"
#include "scenario/scheduler_control.h"
#include "workload/worker_group.h"

namespace ktstr {

class Ctx;
struct ScenarioPlan;

// A WorkerGroup as the executor uses it (see there). Workers that still run end with it.
class RunningWorkers {
 public:
  virtual ~RunningWorkers() = default;
  virtual int count() const = 0;
  virtual std::vector<int> pids() const = 0;
  virtual std::vector<int> processes() const = 0;
  virtual std::uint64_t iterations() const = 0;
  virtual void release() = 0;
  virtual void request_stop() = 0;
  virtual Status stop(Nanoseconds grace) = 0;
  virtual Result<std::vector<WorkerReport>> collect() = 0;
  virtual void set_allowed(const CpuSet& cpus) = 0;
  virtual Status set_nice(int nice) = 0;
  virtual Status set_policy(const SchedPolicy& policy) = 0;
  virtual Status set_affinity(const std::vector<CpuSet>& per_worker) = 0;
  virtual Status set_uclamp(int min, int max) = 0;
  virtual Status send_signal(int number) = 0;
  virtual void set_frozen(bool frozen) = 0;
  virtual void expect_kill() = 0;
  virtual void note_sched_class() = 0;
};

// A PayloadProcess as the executor uses it. What still runs is killed with it, and nothing is recorded.
class RunningPayload {
 public:
  virtual ~RunningPayload() = default;
  virtual int pid() const = 0;
  // No value: it still runs.
  virtual Result<std::optional<PayloadReport>> wait(Nanoseconds at_most) = 0;
  virtual Result<PayloadReport> kill() = 0;
  // What its checks found, as details; and what they looked at, as lines of AssertResult::checked. `why` counts for one
  // that was killed.
  virtual AssertResult judge(const PayloadReport& report, PayloadKill why) const = 0;
};

// What the exit probe knows of a scheduler whose process is gone.
enum class SchedulerEnd { kUnknown, kCrashed, kStalled, kExitedCleanly };

struct ExecutorHooks {
  // See WorkerGroup::spawn().
  std::function<Result<std::unique_ptr<RunningWorkers>>(const std::vector<WorkerPart>& parts, int first_index)> spawn;
  std::function<Result<std::unique_ptr<RunningPayload>>(const PayloadStart& start)> start_payload;
  // The scheduling class of a task (workload/task/sched_class.h); "" where it is not known. May be empty.
  std::function<std::string(int pid)> sched_class;
  // See workload/task/core_sched.h.
  std::function<Status(const std::vector<int>&pids)> core_create, core_clear;
  std::function<Status(int from, const std::vector<int>& pids)> core_share;
  // Host mode's monitor: called when workers are released and before they are stopped. May be empty.
  std::function<void(const std::vector<int>&pids)> watch, unwatch;
  // What the monitor saw since it was asked last. May be empty.
  std::function<std::vector<Detail>()> stalls;
  std::function<void(Nanoseconds)> pause;
  // `pid` 0: there is none to watch. A pid that was seen is watched by its pidfd from then on.
  std::function<Result<bool>(int pid)> scheduler_alive;
  std::function<Result<HoldEnd>(int pid, Nanoseconds deadline)> hold_until;
  std::function<SchedulerEnd()> scheduler_end;
  // What the kernel's OOM killer ended since the hooks were made, oldest first. May be empty.
  std::function<const std::vector<OomKill>&()> oom_kills;
  std::function<Nanoseconds()> now;  // CLOCK_MONOTONIC
  Bytes memory = 0;                  // of the machine; 0: whether the scenario fits into it is not asked
  std::filesystem::path root = "/";  // of /sys and /proc, for the ops on the machine
  // Host mode writes down what a killed run could not put back (MachineChanges::BeforeChange). May be empty.
  std::function<Status(const std::filesystem::path& file, const std::string& before)> before_machine_change;

  std::optional<CpuSpeedControl> cpu_speeds;
  std::optional<SchedulerControl> schedulers;
  // In place of a run: gets what would be run, and nothing is touched. Empty: it is run.
  std::function<void(const Ctx& ctx, const ScenarioPlan& plan)> instead;

  // Worker and payload processes, the real clock, and the scheduler with `scheduler_pid` watched from now on;
  // `find_scheduler` and `live_workers` as in Ctx::Init.
  static Result<ExecutorHooks> real(int scheduler_pid, std::function<Result<int>()> find_scheduler = {},
                                    std::shared_ptr<LiveWorkers> live_workers = {});
};

}  // namespace ktstr
