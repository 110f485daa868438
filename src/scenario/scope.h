// SPDX-License-Identifier: Apache-2.0
//
// What one step, or the Backdrop, brings into the world: cgroups, workers, payloads, changes of the machine. Everything
// leaves the same way after a good step and after a failed one, in one order: cgroups thawed, payloads killed (newest
// first, their numbers kept), workers stopped, collected and checked (end_processes()), the machine put back, cgroups
// removed (newest first). A scope that is dropped ends all of it too, but keeps no numbers.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assert/share_check.h"
#include "cgroup/cgroup_scope.h"
#include "scenario/event_sink.h"
#include "scenario/executor_hooks.h"
#include "scenario/machine_changes.h"
#include "scenario/plan/plan.h"

namespace ktstr {

// How long workers have for their end after they were told to stop, all of a scope together, in guest time.
inline constexpr Nanoseconds kStopGrace = std::chrono::seconds(2);

// Whether the cgroup `name` is `above` or below it.
bool is_within(std::string_view name, std::string_view above);
// The cgroup above; "" for one that has none of the scenario's above it.
std::string parent_of(const std::string& group);

// Where a scenario's findings go.
struct Findings {
  const Checks& checks;
  EventSink& events;
  AssertResult& result;
  OomKills& oom;
};

// Workers that were spawned together: a group of equal ones, or several groups that are threads of one process.
struct WorkerSet {
  std::unique_ptr<RunningWorkers> workers;
  // WorkerReport::group of each of its groups, in the cgroup where they are, by the one that they were spawned as.
  std::map<int, int> groups;
  int first_index = 0;  // WorkerReport::index of the first of them, there
  bool released = false;
  std::vector<CpuSet> cpusets = {};  // that bounded them, in turn
  bool apart = false;                // pinned to different CPUs: they are not each other's equals
  std::string no_share = {};  // why they are not entitled to a certain share of CPU time; empty: perhaps they are
  // What makes them wait for others, or others for them, at the worst of what they had so far (crowding.h).
  int highest_nice = 0, lowest_nice = 0;
  bool idle = false, realtime = false;
  int fewest_cpus = 0;  // that one of them is pinned to; 0: none is

  void note_nice(int nice);
  void note_policy(const SchedPolicy& policy);
};

// A cgroup of the scope with what runs in it; the one named "" is the place outside of the scenario's cgroups.
struct LiveCgroup {
  std::string name;
  std::optional<CpuSet> cpuset;  // what was written to cpuset.cpus
  std::optional<bool> share;     // CgroupDef::share_judged()
  std::vector<WorkerSet> sets;
  int next_index = 0;                       // of the next worker
  int next_group = 0;                       // of the next set's first
  bool has_quota = false;                   // has or had one of CPU time, by itself
  int weight = 100, heaviest_weight = 100;  // the least and the highest cpu.weight that it had, by itself
  double crowding = 1;                      // the most so far (crowding.h)
  bool frozen = false;                      // by itself; see Scope::is_frozen()
  bool killed = false;                      // once, by its cgroup.kill or that of a cgroup above

  // Workers that come from elsewhere keep their numbers unless somebody here has them.
  void add(WorkerSet set);
  // What the isolation check compares with from now on; no value, or none: everything.
  void allow(const std::optional<CpuSet>& cpus);
  int worker_count() const;
  std::vector<int> pids() const;  // of its workers
  std::vector<int> processes() const;
  std::uint64_t iterations() const;
};

struct LivePayload {
  std::string name, cgroup;
  std::string surface;  // what started it, for messages
  std::unique_ptr<RunningPayload> running;
  std::size_t oom_since = 0;  // OomKills::count() at its start
  bool end_reported = false;  // a wait in vain was reported
  bool killed = false;        // by an op on its cgroup
};

class Scope {
 public:
  // All references must outlive the scope. `step` labels its reports and details. `outer`: the scope whose cgroups can
  // be above those of this one.
  Scope(CgroupOps& ops, const ExecutorHooks& hooks, int step, std::string label, const Scope* outer = nullptr)
      : ops_(ops),
        hooks_(hooks),
        outer_(outer),
        step_(step),
        label_(std::move(label)),
        machine_(hooks.root, hooks.before_machine_change, hooks.cpu_speeds),
        cgroups_(ops) {}

  Status create(const std::string& name);
  LiveCgroup* find(std::string_view name);
  // The place outside; made when it is first asked for.
  LiveCgroup& outside();
  LivePayload* find_payload(std::string_view name, std::string_view cgroup);
  void release_workers();
  // Whether it, or a cgroup above it, has or had a quota of CPU time.
  bool has_quota(std::string_view name) const;
  // Whether the scenario froze it, or a cgroup above it.
  bool is_frozen(std::string_view name) const;
  // Tells workers whether they are frozen, which is not judged: before something is frozen, and after it was thawed.
  void update_holds();

  // Thaws the group and collects and checks its workers. An Error says that they could not be collected: their checks
  // are missing.
  Status empty(LiveCgroup& group, const Findings& findings);
  // empty(), then rmdir.
  Status remove(const std::string& name, const Findings& findings);
  // The report is recorded and judged. `why` counts when the scenario killed it.
  void finish_payload(LivePayload& payload, PayloadReport report, PayloadKill why, const Findings& findings);
  Status kill_payload(LivePayload& payload, PayloadKill why, const Findings& findings);

  // Its end, in this order. An Error says that something could not be collected.
  Status end_processes(const Findings& findings);
  void put_back_machine(const Findings& findings);
  void remove_cgroups(const Findings& findings);
  // All three.
  Status tear_down(const Findings& findings);

  int step() const { return step_; }
  const std::string& label() const { return label_; }  // "step 2", "the Backdrop"
  int cgroup_count() const { return static_cast<int>(cgroups_.names().size()); }
  int worker_count() const;
  std::uint64_t iterations() const;
  std::vector<LiveCgroup>& live() { return live_; }
  std::vector<LivePayload>& payloads() { return payloads_; }
  MachineChanges& machine() { return machine_; }
  // Who had CPU time, for world_shares.cpp: workers that were collected. And why none of them is entitled to a share.
  std::vector<ShareClient>& share_clients() { return share_clients_; }
  const std::string& why_no_shares() const { return why_no_shares_; }
  void leave_shares_undefined(std::string why) {
    if (why_no_shares_.empty()) why_no_shares_ = std::move(why);
  }

 private:
  Result<std::vector<WorkerReport>> collect(LiveCgroup& group, const OomKills& kills);
  void judge(const LiveCgroup& group, const std::vector<WorkerReport>& reports, const Findings& findings) const;
  Status collect_and_judge(LiveCgroup& group, const Findings& findings);
  void name_oom_kill(const LivePayload& payload, PayloadReport& report, const Findings& findings) const;
  void request_stop(LiveCgroup& group);
  // Until they have stopped, or `deadline` is over and they are being killed.
  Status stop(LiveCgroup& group, Nanoseconds deadline);
  void thaw(LiveCgroup& group, AssertResult& result);
  void note(std::string cgroup, std::string message, AssertResult& result) const;
  void remember_share(const LiveCgroup& group, const std::vector<WorkerReport>& reports);

  CgroupOps& ops_;
  const ExecutorHooks& hooks_;
  const Scope* outer_;
  int step_;
  std::string label_;
  MachineChanges machine_;
  CgroupScope cgroups_;  // before what runs in them: that must be gone when cgroups are removed
  std::vector<LiveCgroup> live_;
  std::vector<LivePayload> payloads_;  // in order of their start
  std::vector<ShareClient> share_clients_;
  std::string why_no_shares_;
};

}  // namespace ktstr
