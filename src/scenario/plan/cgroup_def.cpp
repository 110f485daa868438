// SPDX-License-Identifier: Apache-2.0
#include "ktstr/cgroup_def.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "base/text/error_line.h"
#include "scenario/plan/definition_rules.h"
#include "scenario/plan/worker_attributes.h"

namespace ktstr {

namespace {

void require(const std::string& cgroup, const Status& status) {
  if (!status) throw std::invalid_argument(fmt::format("cgroup '{}': {}", cgroup, in_one_line(status.error())));
}

constexpr std::chrono::microseconds kQuotaPeriod{100'000};

}  // namespace

CgroupDef CgroupDef::named(std::string name) {
  if (const Status valid = check_cgroup_path(name); !valid) throw std::invalid_argument(in_one_line(valid.error()));
  return CgroupDef(std::move(name));
}

// A group that had no workers gets its first.
WorkSpec& CgroupDef::first() {
  if (work_.empty()) work_.emplace_back();
  return work_.front();
}

CgroupDef& CgroupDef::workers(int count) {
  require(name_, check_workers(count));
  first().workers = count;
  first().workers_pct.reset();
  workers_said_ = true;
  return *this;
}

CgroupDef& CgroupDef::workers_pct(double of_cpus) {
  require(name_, check_workers_pct(of_cpus));
  if (workers_said_ && !first().workers_pct)
    throw std::invalid_argument(
        fmt::format("cgroup '{}': workers({}) and workers_pct({}) are both said; say one of them", name_,
                    first().workers, of_cpus));
  first().workers_pct = of_cpus;
  workers_said_ = true;
  return *this;
}

CgroupDef& CgroupDef::no_workers() {
  work_.clear();
  return *this;
}

CgroupDef& CgroupDef::work_type(WorkType type) {
  first().type = type;
  return *this;
}

CgroupDef& CgroupDef::sched_policy(SchedPolicy policy) {
  require(name_, policy.validate());
  first().policy = policy;
  return *this;
}

CgroupDef& CgroupDef::affinity(AffinityIntent intent) {
  require(name_, intent.validate());
  first().affinity = std::move(intent);
  return *this;
}

CgroupDef& CgroupDef::mem_policy(MemPolicy policy) {
  policy.flags |= first().mem_policy.flags;
  first().mem_policy = std::move(policy);
  return *this;
}

CgroupDef& CgroupDef::mpol_flags(unsigned flags) {
  first().mem_policy.flags = flags;
  return *this;
}

CgroupDef& CgroupDef::work(WorkSpec spec) {
  require(name_, check_work_spec(spec));
  work_.push_back(std::move(spec));
  return *this;
}

CgroupDef& CgroupDef::nice(int value) {
  require(name_, check_nice(value));
  defaults_.nice = value;
  return *this;
}

CgroupDef& CgroupDef::comm(std::string name) {
  require(name_, check_comm(name));
  defaults_.comm = std::move(name);
  return *this;
}

CgroupDef& CgroupDef::pcomm(std::string name) {
  require(name_, check_comm(name, "pcomm"));
  defaults_.pcomm = std::move(name);
  return *this;
}

CgroupDef& CgroupDef::uid(std::uint32_t id) {
  defaults_.uid = id;
  return *this;
}

CgroupDef& CgroupDef::gid(std::uint32_t id) {
  defaults_.gid = id;
  return *this;
}

CgroupDef& CgroupDef::numa_node(NumaNode node) {
  defaults_.numa_node = node;
  return *this;
}

CgroupDef& CgroupDef::swappable(bool allowed) {
  swappable_ = allowed;
  return *this;
}

CgroupDef& CgroupDef::share(bool judged) {
  share_ = judged;
  return *this;
}

CgroupDef& CgroupDef::workload(Payload payload) {
  if (payload.kind() == Payload::Kind::kScheduler)
    throw std::invalid_argument(
        fmt::format("cgroup '{}': '{}' is a scheduler and no payload; a scheduler is what the test declares", name_,
                    payload.name()));
  payload_ = std::move(payload);
  return *this;
}

CgroupDef& CgroupDef::set(Knob knob, std::string value) {
  require(name_, check_knob(knob, value));
  const auto place = std::lower_bound(knobs_.begin(), knobs_.end(), knob,
                                      [](const KnobSetting& each, Knob wanted) { return each.knob < wanted; });
  if (place != knobs_.end() && place->knob == knob)
    place->value = std::move(value);
  else
    knobs_.insert(place, {knob, std::move(value)});
  return *this;
}

CgroupDef& CgroupDef::cpuset(CpusetSpec spec) {
  require(name_, spec.validate());
  cpuset_ = std::move(spec);
  return *this;
}

CgroupDef& CgroupDef::cpuset_mems(const CpuSet& nodes) { return set(Knob::kCpusetMems, nodes.to_string()); }
CgroupDef& CgroupDef::cpuset_exclusive(const CpuSet& cpus) { return set(Knob::kCpusetExclusive, cpus.to_string()); }
CgroupDef& CgroupDef::cpuset_partition(std::string kind) { return set(Knob::kCpusetPartition, std::move(kind)); }

CgroupDef& CgroupDef::cpu_quota_pct(int percent) {
  require(name_, check_quota_pct(percent));
  return cpu_quota(kQuotaPeriod * percent / 100, kQuotaPeriod);
}

CgroupDef& CgroupDef::cpu_quota(std::chrono::microseconds quota, std::chrono::microseconds period) {
  return set(Knob::kCpuMax, fmt::format("{} {}", quota.count(), period.count()));
}

CgroupDef& CgroupDef::cpu_unlimited() { return set(Knob::kCpuMax, fmt::format("max {}", kQuotaPeriod.count())); }

CgroupDef& CgroupDef::cpu_burst(std::chrono::microseconds burst) {
  return set(Knob::kCpuMaxBurst, fmt::format("{}", burst.count()));
}

CgroupDef& CgroupDef::cpu_weight(int weight) { return set(Knob::kCpuWeight, fmt::format("{}", weight)); }
CgroupDef& CgroupDef::cpu_idle(bool idle) { return set(Knob::kCpuIdle, idle ? "1" : "0"); }
CgroupDef& CgroupDef::uclamp_min(double percent) { return set(Knob::kUclampMin, fmt::format("{:.2f}", percent)); }
CgroupDef& CgroupDef::uclamp_max(double percent) { return set(Knob::kUclampMax, fmt::format("{:.2f}", percent)); }
CgroupDef& CgroupDef::memory_max(Bytes bytes) { return set(Knob::kMemoryMax, fmt::format("{}", bytes)); }
CgroupDef& CgroupDef::memory_unlimited() { return set(Knob::kMemoryMax, "max"); }
CgroupDef& CgroupDef::memory_high(Bytes bytes) { return set(Knob::kMemoryHigh, fmt::format("{}", bytes)); }
CgroupDef& CgroupDef::memory_low(Bytes bytes) { return set(Knob::kMemoryLow, fmt::format("{}", bytes)); }
CgroupDef& CgroupDef::memory_min(Bytes bytes) { return set(Knob::kMemoryMin, fmt::format("{}", bytes)); }
CgroupDef& CgroupDef::memory_swap_max(Bytes bytes) { return set(Knob::kMemorySwapMax, fmt::format("{}", bytes)); }
CgroupDef& CgroupDef::memory_swap_unlimited() { return set(Knob::kMemorySwapMax, "max"); }
CgroupDef& CgroupDef::memory_oom_group(bool kill_all) { return set(Knob::kMemoryOomGroup, kill_all ? "1" : "0"); }
CgroupDef& CgroupDef::io_weight(int weight) { return set(Knob::kIoWeight, fmt::format("{}", weight)); }
CgroupDef& CgroupDef::io_max(std::string limits) { return set(Knob::kIoMax, std::move(limits)); }
CgroupDef& CgroupDef::pids_max(int count) { return set(Knob::kPidsMax, fmt::format("{}", count)); }
CgroupDef& CgroupDef::pids_unlimited() { return set(Knob::kPidsMax, "max"); }

std::vector<WorkSpec> CgroupDef::merged_work() const {
  std::vector<WorkSpec> merged = work_;
  for (WorkSpec& spec : merged)
    for (const WorkerAttribute& row : worker_attributes())
      if (row.inherit != nullptr) row.inherit(spec, defaults_);
  return merged;
}

std::vector<KnobSetting> CgroupDef::knobs() const {
  static constexpr std::pair<Knob, const char*> kMemory[] = {
      {Knob::kMemoryMax, "max"}, {Knob::kMemoryHigh, "max"}, {Knob::kMemoryLow, "0"}};
  const auto has = [this](Knob knob) {
    return std::any_of(knobs_.begin(), knobs_.end(), [&](const KnobSetting& each) { return each.knob == knob; });
  };
  std::vector<KnobSetting> all = knobs_;
  const bool any =
      std::any_of(std::begin(kMemory), std::end(kMemory), [&](const auto& each) { return has(each.first); });
  for (const auto& [knob, value] : kMemory)
    if (any && !has(knob)) all.push_back({knob, value});
  std::sort(all.begin(), all.end(), [](const KnobSetting& a, const KnobSetting& b) { return a.knob < b.knob; });
  return all;
}

}  // namespace ktstr
