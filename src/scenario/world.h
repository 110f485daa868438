// SPDX-License-Identifier: Apache-2.0
//
// The running scenario as its ops see it: the step's scope over the Backdrop's, names looked up in that order, and what
// several ops have in common (spawning, cpusets that change under running workers). An op is a function apply() of its
// family's file, ops/*_ops.cpp, and may assume what the rehearsal found out beforehand, but not that nothing has
// changed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenario/crowding.h"
#include "scenario/scope.h"

namespace ktstr {

// Depends on nothing but its arguments; `cgroup` and `group` are positions from 0, `step` counts from 1.
std::uint64_t worker_seed(std::uint64_t scenario_seed, int step, std::size_t cgroup, std::size_t group);

// The pause before a step's op `op`, counted from 0: 0 to 500 us.
Nanoseconds pause_before(std::uint64_t pauses_seed, int step, int op);

class World {
 public:
  // The scenario's time begins.
  World(Ctx& ctx, const ExecutorHooks& hooks, const ScenarioPlan& plan, const Findings& findings)
      : ctx_(ctx),
        hooks_(hooks),
        plan_(plan),
        findings_(findings),
        backdrop_(ctx.cgroups(), hooks, 0, "the Backdrop"),
        end_(hooks.now() + ctx.duration()) {}

  // Until end_step(), what is created belongs to the step; else to the Backdrop.
  void begin_step(int number, bool loops);
  Status end_step();
  // The end of the Backdrop, and of the scenario.
  Status end_backdrop();
  Scope& backdrop() { return backdrop_; }
  Scope& target() { return step_ ? *step_ : backdrop_; }

  // A definition: cgroup, limits, workers (blocked), payload.
  Status create(const PlannedCgroup& cgroup);
  Status spawn(const PlannedCgroup& cgroup);
  // Both of them for all definitions, in two passes, then workers are released and payloads started.
  Status set_up(const std::vector<PlannedCgroup>& cgroups);
  Status apply(const Op& op);

  // --- for ops
  struct Found {
    Scope* scope;
    LiveCgroup* group;
  };
  // The step's, else the Backdrop's. kNotFound that lists what there is.
  Result<Found> find(std::string_view name);
  // "" is the place outside: that with workers, else the target's.
  Result<Found> find_or_outside(std::string_view name);
  // kNotFound when there is none, kInvalidArgument with the cgroups when there are several.
  Result<std::pair<Scope*, LivePayload*>> find_payload(std::string_view name, const std::optional<std::string>& cgroup);
  Status check_unused(const std::string& name);
  // All that belongs together (spawned_together()) at once.
  Status spawn_workers(LiveCgroup& group, const std::vector<WorkSpec>& work);
  Status start_payload(const Payload& payload, const std::vector<std::string>& args, const std::string& cgroup,
                       std::string surface);
  // Newest first, of the step and of the Backdrop.
  Status kill_payloads_in(std::string_view cgroup);
  // Those in the cgroup and below it are about to be killed with all that is in it.
  void mark_payloads_killed(std::string_view cgroup);
  // What the scenario freezes is not judged from before the kernel is asked until after it was asked to thaw.
  Status set_frozen(Found group, bool frozen);
  void update_holds();
  // cgroup.kill: of everything in the cgroup and in those below.
  Status kill_all(const std::string& name);
  // Writes cpuset.cpus (no value: inherit) while the isolation check follows.
  Status change_cpuset(Found group, std::optional<CpuSet> cpus);
  Status set_knob(const std::string& group, const KnobSetting& setting);
  // Exclusive CPUs are handed down from the top (remote partitions): all groups above must hold them too.
  Status hold_exclusive_above(const std::string& group, const CpuSet& cpus);
  // The isolation check allows everything while `change` moves workers about, and afterwards what each group may use.
  Status with_cpus_in_flux(const std::function<Status()>& change);
  // The same for CPUs that go off- and online. It takes the kernel long, and no hold shall lose that time: it is off
  // the clock. Not in a loop, which ends with the scenario's time however rarely it could repeat its ops.
  Status switch_cpus(const std::function<Status()>& change);
  // Off the clock, too: what is loaded goes through the kernel's verifier. Who is watched from then on is the new one.
  Status change_scheduler(const SchedulerChange& change);

  Ctx& ctx() { return ctx_; }
  const ExecutorHooks& hooks() const { return hooks_; }
  const Findings& findings() const { return findings_; }
  CgroupOps& cgroups() { return ctx_.cgroups(); }
  int number() const { return number_; }
  // When the scenario's time is over: later by all that was done off the clock.
  Nanoseconds end() const { return end_; }
  void set_end(Nanoseconds end) { end_ = end; }
  std::uint64_t next_seed(Vary factor);

  // See world_shares.cpp. Nothing is said about shares of CPU time of all that runs now.
  void leave_shares_undefined(const std::string& why);

  // Before each op and definition; off the clock.
  void pause();
  Stimulus stimulus(Nanoseconds start, const std::vector<Op>& ops);
  int cgroup_count() const;
  int worker_count() const;

 private:
  std::string known_names();
  void note_sched_classes();
  template <typename F>
  void for_each_scope(F&& f) {
    if (step_) f(*step_);
    f(backdrop_);
  }
  // `number`: which WorkSpec of its cgroup it is.
  Result<WorkerPart> part_for(const LiveCgroup& group, const WorkSpec& spec, int number, const Fd& directory);
  Status write_cpuset(const std::string& group, const std::optional<CpuSet>& cpus);
  // For the moment in which a change is under way: what is allowed then is not a cpuset of theirs.
  void allow_meanwhile(LiveCgroup& group, const CpuSet& cpus);
  void note_op(const Op& op);
  // What checks of waiting allow for: see world_crowding.cpp.
  void note_limits(const std::string& group, const KnobSetting& setting);
  void note_crowding();
  CpuSet online_cpus();
  CrowdMember member_of(const std::string& cgroup, const CpuSet& online);
  void note_neighbours(const std::string& what);
  void judge_shares(Scope& scope);
  void judge_payload_use();
  // The scenario's end moves by what the action takes.
  void off_the_clock(const std::function<void()>& action);

  Ctx& ctx_;
  const ExecutorHooks& hooks_;
  const ScenarioPlan& plan_;
  Findings findings_;
  Scope backdrop_;
  std::optional<Scope> step_;
  Nanoseconds end_;
  int number_ = 0;
  bool loops_ = false;
  int ops_done_ = 0;
  int spawns_ = 0;
  bool had_workers_ = false;
  std::map<std::string, std::string> payload_classes_;  // by payload: that its first process had when it started
};

}  // namespace ktstr
