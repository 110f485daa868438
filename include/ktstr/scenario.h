// SPDX-License-Identifier: Apache-2.0
//
// Scenarios: what is declared, and the functions that run it. A Step is set-up (cgroup definitions), ops and a hold; a
// scenario is a list of steps, over a Backdrop of what lives all the time. Nothing is touched before the whole scenario
// was looked through: names, references, values; all mistakes are reported at once.
//
// What a step brings into the world is gone when it ends, after a good step and after a failed one alike: cgroups are
// thawed, payloads killed (their numbers kept), workers stopped and checked, cgroups removed in reverse order.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "ktstr/cgroup_def.h"
#include "ktstr/checks.h"
#include "ktstr/op.h"
#include "ktstr/payload.h"
#include "ktstr/run_settings.h"
#include "ktstr/topology.h"
#include "ktstr/vary.h"
#include "ktstr/work.h"

namespace ktstr {

class CgroupOps;
class EventSink;
class Ctx;
class ExecutionState;
class LiveWorkers;
struct ExecutorHooks;
struct CpuSpeedControl;
struct SchedulerControl;

// How long a step lasts, in guest time; never beyond the scenario's end, which is Ctx::duration() after the first
// release of workers. The end moves by what no hold shall lose: the pauses between ops, and what the kernel takes for
// CPUs and SMT off and on (not in a loop, which would have no end).
class HoldSpec {
 public:
  struct Fraction {
    double of_duration;
  };
  struct Fixed {
    std::chrono::nanoseconds time;
  };
  struct Loop {
    std::chrono::nanoseconds interval;
  };
  static HoldSpec full() { return HoldSpec(Fraction{1.0}); }
  static HoldSpec fraction(double of_duration) { return HoldSpec(Fraction{of_duration}); }
  static HoldSpec fixed(std::chrono::nanoseconds time) { return HoldSpec(Fixed{time}); }
  // The step's set-up once, then its ops again and again, one round an interval, until the scenario's time is over.
  static HoldSpec loop(std::chrono::nanoseconds interval) { return HoldSpec(Loop{interval}); }

  // A fraction must be finite and > 0; a fixed time must be >= 0; an interval must be > 0.
  Status validate() const;
  // Of a loop: all that is left, so `duration`.
  std::chrono::nanoseconds length(std::chrono::nanoseconds duration) const;
  // Of a loop; no value for the others.
  std::optional<std::chrono::nanoseconds> interval() const;
  std::string describe() const;  // "full", "0.5 of the duration", "300ms", "loop of 50ms"

 private:
  using Kind = std::variant<Fraction, Fixed, Loop>;
  explicit HoldSpec(Kind kind) : kind_(kind) {}
  Kind kind_;
};

// The cgroups that a step sets up: a list, or a function that makes one (for what depends on the topology).
class Setup {
 public:
  using Factory = std::function<std::vector<CgroupDef>(const Ctx&)>;
  Setup() = default;
  Setup(std::initializer_list<CgroupDef> defs) : defs_(defs) {}
  Setup(std::vector<CgroupDef> defs) : defs_(std::move(defs)) {}
  template <typename F>
  requires(std::is_invocable_r_v<std::vector<CgroupDef>, F, const Ctx&>) Setup(F factory)
      : factory_(std::move(factory)) {}

  // Calls the factory where there is one.
  std::vector<CgroupDef> resolve(const Ctx& ctx) const { return factory_ ? factory_(ctx) : defs_; }
  void push_back(CgroupDef def) { defs_.push_back(std::move(def)); }  // of a list
  // The list; empty for a factory.
  const std::vector<CgroupDef>& defs() const { return defs_; }
  bool is_factory() const { return static_cast<bool>(factory_); }

 private:
  std::vector<CgroupDef> defs_;
  Factory factory_;
};

// One phase of a scenario. Ops come first, then the set-up, then the hold; with HoldSpec::loop() the set-up comes
// first.
struct Step {
  Setup setup;
  std::vector<Op> ops;
  HoldSpec hold = HoldSpec::full();
  std::string name;  // for reports; may be empty

  static Step holding(HoldSpec hold) { return {.hold = hold}; }
  static Step with_op(Op op, HoldSpec hold) { return {.ops = {std::move(op)}, .hold = hold}; }
  static Step with_ops(std::vector<Op> ops, HoldSpec hold) { return {.ops = std::move(ops), .hold = hold}; }
  static Step with_defs(std::vector<CgroupDef> defs, HoldSpec hold) { return {.setup = std::move(defs), .hold = hold}; }
  static Step with_payload(Payload payload, HoldSpec hold) {
    return with_op(Op::run_payload(std::move(payload)), hold);
  }
};

// What lives through all steps: set up before the first one (cgroups, then ops, then payloads), collected and removed
// after the last.
struct Backdrop {
  std::vector<CgroupDef> cgroups;
  std::vector<Op> ops;
  std::vector<Payload> payloads;  // run outside of the scenario's cgroups

  Backdrop& push_cgroup(CgroupDef def);
  Backdrop& push_op(Op op);
  Backdrop& push_payload(Payload payload);
  bool empty() const { return cgroups.empty() && ops.empty() && payloads.empty(); }
};

// What a running test's body gets. Everything in it is valid while the body runs.
class Ctx {
 public:
  struct Init {
    const TestTopology* topology = nullptr;
    CgroupOps* cgroups = nullptr;
    EventSink* events = nullptr;
    RunSettings settings = {};
    int scheduler_pid = 0;  // 0: none is under test
    // The process that has the scheduler now, 0 for none: it may have been left to another. Null: nobody knows.
    std::function<Result<int>()> find_scheduler = {};
    bool on_host = false;                                     // host mode: no guest, no scheduler of ours
    std::shared_ptr<const ExecutorHooks> hooks = {};          // null: the real ones
    std::shared_ptr<const CpuSpeedControl> cpu_speeds = {};   // null: nobody decides how fast CPUs are
    std::shared_ptr<const SchedulerControl> schedulers = {};  // null: nobody attaches and detaches any
    std::shared_ptr<LiveWorkers> live_workers = {};           // where others see what workers do; null: nowhere
  };
  explicit Ctx(Init init) : init_(std::move(init)) {}

  const TestTopology& topology() const { return *init_.topology; }
  CgroupOps& cgroups() const { return *init_.cgroups; }
  EventSink& events() const { return *init_.events; }
  // How long the scenario lasts, in guest time, from the first release of workers (see HoldSpec).
  std::chrono::nanoseconds duration() const { return init_.settings.duration; }
  // Decides everything that the run varies on purpose.
  std::uint64_t seed() const { return init_.settings.seed; }
  // The seed of one factor's choices; the same for every seed where `--vary` leaves the factor out.
  std::uint64_t seed_for(Vary factor) const { return ktstr::seed_for(factor, init_.settings.vary, seed()); }
  const Checks& checks() const { return init_.settings.checks; }
  // Of the scheduler that is under test now; 0: none.
  int scheduler_pid() const { return init_.scheduler_pid; }
  const std::function<Result<int>()>& find_scheduler() const { return init_.find_scheduler; }
  // How many workers a CgroupDef has that does not say.
  int workers_per_cgroup() const { return init_.settings.workers_per_cgroup.value_or(1); }
  // In place of the work types of cgroups that are swappable.
  std::optional<WorkType> work_type_override() const;
  bool on_host() const { return init_.on_host; }
  const std::vector<std::string>& payload_path() const { return init_.settings.payload_path; }
  const std::shared_ptr<const CpuSpeedControl>& cpu_speeds() const { return init_.cpu_speeds; }
  const std::shared_ptr<const SchedulerControl>& schedulers() const { return init_.schedulers; }
  // 0 before the first step and outside of scenarios, k in step k (from 1), at most 65535.
  int step() const { return step_; }
  // What stood after "--" on the command line.
  const std::vector<std::string>& args() const { return init_.settings.args; }
  // All that decides the run.
  const RunSettings& settings() const { return init_.settings; }

 private:
  friend class ExecutionState;
  Init init_;
  int step_ = 0;
};

// One step that holds for the whole duration.
Result<AssertResult> execute_defs(Ctx& ctx, std::vector<CgroupDef> defs);
// Steps in order. An Error means that the scenario is wrong (all its mistakes at once, before anything was touched) or
// that the harness could not do its part. A step that fails and whatever the scheduler did wrong are in the
// AssertResult.
Result<AssertResult> execute_steps(Ctx& ctx, const std::vector<Step>& steps);
// The same with explicit checks in place of the context's.
Result<AssertResult> execute_steps_with(Ctx& ctx, const std::vector<Step>& steps, const Checks& checks);
// Steps over a Backdrop.
Result<AssertResult> execute_scenario(Ctx& ctx, const Backdrop& backdrop, const std::vector<Step>& steps);
Result<AssertResult> execute_scenario_with(Ctx& ctx, const Backdrop& backdrop, const std::vector<Step>& steps,
                                           const Checks& checks);

}  // namespace ktstr
