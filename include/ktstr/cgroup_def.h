// SPDX-License-Identifier: Apache-2.0
//
// A cgroup with its limits, its workers and perhaps a payload, in one declaration. The builders throw
// std::invalid_argument on values that can never work (0 workers, an empty name): a mistake in the test, not something
// that happened.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ktstr/cpuset.h"
#include "ktstr/knob.h"
#include "ktstr/payload.h"
#include "ktstr/work.h"

namespace ktstr {

class CgroupDef {
 public:
  // "cg_0", or "cg_0/inner" for a group inside another one that is declared or created before: components without '/',
  // not "." or "..", 1 to 200 bytes each.
  static CgroupDef named(std::string name);

  // Workers. Without any of these a group has one WorkSpec with Ctx::workers_per_cgroup() spinning workers.
  CgroupDef& workers(int count);           // of the first WorkSpec; 1..4096
  CgroupDef& workers_pct(double of_cpus);  // instead of workers(): ceil(CPUs of the cpuset * this)
  CgroupDef& no_workers();                 // an empty group: for payloads, for workers that move in, for children
  CgroupDef& work_type(WorkType type);     // the first WorkSpec, as the four below
  CgroupDef& sched_policy(SchedPolicy policy);
  CgroupDef& affinity(AffinityIntent intent);
  CgroupDef& mem_policy(MemPolicy policy);
  CgroupDef& mpol_flags(unsigned flags);
  CgroupDef& work(WorkSpec spec);  // a further group of workers in the same cgroup
  // For every WorkSpec that does not say itself, in whatever order they are called.
  CgroupDef& nice(int value);          // -20..19
  CgroupDef& comm(std::string name);   // 1 to 15 bytes
  CgroupDef& pcomm(std::string name);  // 1 to 15 bytes: workers as threads of one process of this name
  CgroupDef& uid(std::uint32_t id);
  CgroupDef& gid(std::uint32_t id);
  CgroupDef& numa_node(NumaNode node);
  CgroupDef& swappable(bool allowed);    // whether Ctx::work_type_override() replaces its work types
  CgroupDef& share(bool judged);         // its share of CPU time against its weight, whatever Checks::share says
  CgroupDef& workload(Payload payload);  // one program, started after the workers, killed at teardown

  // Limits; see ktstr/knob.h. The last call for a file wins.
  CgroupDef& cpuset(CpusetSpec spec);
  CgroupDef& cpuset_mems(const CpuSet& nodes);
  CgroupDef& cpuset_exclusive(const CpuSet& cpus);  // cpuset.cpus.exclusive
  CgroupDef& cpuset_partition(std::string kind);    // "member", "root", "isolated"
  CgroupDef& cpu_quota_pct(int percent_of_a_cpu);   // per 100 ms
  CgroupDef& cpu_quota(std::chrono::microseconds quota, std::chrono::microseconds period);
  CgroupDef& cpu_unlimited();
  CgroupDef& cpu_burst(std::chrono::microseconds burst);  // cpu.max.burst
  CgroupDef& cpu_weight(int weight);                      // 1..10000
  CgroupDef& cpu_idle(bool idle);
  CgroupDef& uclamp_min(double percent);  // 0..100
  CgroupDef& uclamp_max(double percent);
  // Where one of max, high and low is set, the other two are written with their defaults.
  CgroupDef& memory_max(Bytes bytes);
  CgroupDef& memory_unlimited();
  CgroupDef& memory_high(Bytes bytes);
  CgroupDef& memory_low(Bytes bytes);
  CgroupDef& memory_min(Bytes bytes);
  CgroupDef& memory_swap_max(Bytes bytes);
  CgroupDef& memory_swap_unlimited();
  CgroupDef& memory_oom_group(bool kill_all);
  CgroupDef& io_weight(int weight);       // 1..10000
  CgroupDef& io_max(std::string limits);  // "8:0 rbps=1048576"
  CgroupDef& pids_max(int count);         // at least 1
  CgroupDef& pids_unlimited();
  CgroupDef& set(Knob knob, std::string value);  // any of them, as its file takes it

  const std::string& name() const { return name_; }
  // As declared; empty where no_workers() was called last. Defaults of the group are not merged in.
  const std::vector<WorkSpec>& work_specs() const { return work_; }
  // With the group's defaults in place of what each WorkSpec leaves open.
  std::vector<WorkSpec> merged_work() const;
  // Whether the number of workers of the first WorkSpec was said at all.
  bool workers_said() const { return workers_said_; }
  const std::optional<CpusetSpec>& cpuset_spec() const { return cpuset_; }
  // Sorted by Knob; what is written, with memory's implied values.
  std::vector<KnobSetting> knobs() const;
  const std::optional<Payload>& payload() const { return payload_; }
  bool is_swappable() const { return swappable_; }
  const std::optional<bool>& share_judged() const { return share_; }
  // Whether it brings processes into its cgroup.
  bool has_processes() const { return !work_.empty() || payload_.has_value(); }

 private:
  explicit CgroupDef(std::string name) : name_(std::move(name)) {}
  WorkSpec& first();
  std::string name_;
  std::vector<WorkSpec> work_{WorkSpec{}};  // the first one is what workers() and work_type() speak of
  WorkSpec defaults_;                       // only what nice() to numa_node() set
  std::optional<CpusetSpec> cpuset_;
  std::vector<KnobSetting> knobs_;
  std::optional<Payload> payload_;
  bool swappable_ = false;
  std::optional<bool> share_;
  bool workers_said_ = false;
};

}  // namespace ktstr
