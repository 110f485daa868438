// SPDX-License-Identifier: Apache-2.0
#include "workload/worker_plan.h"

#include <iterator>

#include "base/splitmix.h"
#include "workload/task/task_sched.h"
#include "workload/task/task_times.h"
#include "workload/types/work_types.h"
#include "workload/worker_group.h"

namespace ktstr {

namespace {

constexpr std::size_t kLongestComm = 15;  // TASK_COMM_LEN - 1

// In names of workers and processes.
std::string place_name(const WorkerPlacement& placement) {
  return placement.cgroup.empty() ? "outside" : placement.cgroup;
}

Status check_comm(std::string_view key, const std::string& comm) {
  if (!comm.empty() && comm.size() <= kLongestComm && comm.find('\0') == std::string::npos) return ok();
  return fail(ErrorCode::kInvalidArgument, "{} '{}' has {} bytes; it must have 1 to {}, none of them 0", key, comm,
              comm.size(), kLongestComm);
}

// setresuid(2) and setresgid(2) take it for "unchanged".
Status check_id(std::string_view name, std::optional<std::uint32_t> id) {
  if (id != UINT32_MAX) return ok();
  return fail(ErrorCode::kInvalidArgument, "{} {} is not an id; the highest is {}", name, *id, UINT32_MAX - 1);
}

Status check_placement(const WorkSpec& spec, const WorkerPlacement& placement) {
  if (const std::size_t sets = placement.affinity.size(); sets != 0 && sets != static_cast<std::size_t>(spec.workers))
    return fail(ErrorCode::kInvalidArgument, "{} affinities for {} workers; there must be one for each", sets,
                spec.workers);
  if (spec.numa_node && placement.node_cpus.empty())
    return fail(ErrorCode::kInvalidArgument, "numa_node {}: the node has no CPU to run on", *spec.numa_node)
        .with_hint("name a node with CPUs, or only take memory from this one: mem_policy = MemPolicy::bind({NODE})");
  return ok();
}

// What the worker pins itself to: its node's CPUs, its affinity, or what both have in common. Empty: nothing.
Result<CpuSet> pinned_to(const WorkSpec& spec, const WorkerPlacement& placement, std::size_t i, std::string_view name) {
  const CpuSet own = placement.affinity.empty() ? CpuSet() : placement.affinity[i];
  if (!spec.numa_node) return own;
  if (own.empty()) return placement.node_cpus;
  CpuSet both = own.intersection(placement.node_cpus);
  if (both.empty())
    return fail(ErrorCode::kInvalidArgument,
                "worker {} has affinity {}, and none of these is on numa_node {} (CPUs {})", name, own.to_string(),
                *spec.numa_node, placement.node_cpus.to_string());
  return both;
}

// A worker that is pinned is born where it may stay: a sleeping task that is not would be sent somewhere at its
// wake-up.
CpuSet birthplaces(const WorkerPlacement& placement, const CpuSet& pinned) {
  if (placement.born_on.empty() || pinned.empty()) return placement.born_on;
  CpuSet both = placement.born_on.intersection(pinned);
  if (!both.empty()) return both;
  return placement.allowed && !placement.allowed->empty() ? pinned.intersection(*placement.allowed) : pinned;
}

// A mem_policy of its own says where memory comes from, and the node then only where it runs.
MemPolicy memory_of(const WorkSpec& spec) {
  const bool own = spec.mem_policy != MemPolicy{};
  return spec.numa_node && !own ? MemPolicy::bind({*spec.numa_node}) : spec.mem_policy;
}

}  // namespace

Status check_worker_spec(const WorkSpec& spec, const WorkerPlacement& placement) {
  if (spec.workers < 1) return fail(ErrorCode::kInvalidArgument, "{} workers; there must be at least 1", spec.workers);
  if (spec.nice) KTSTR_TRY(check_nice(*spec.nice));
  if (spec.comm) KTSTR_TRY(check_comm("comm", *spec.comm));
  if (spec.pcomm) KTSTR_TRY(check_comm("pcomm", *spec.pcomm));
  KTSTR_TRY(check_id("uid", spec.uid));
  KTSTR_TRY(check_id("gid", spec.gid));
  KTSTR_TRY(spec.policy.validate());
  KTSTR_TRY(check_uclamp(spec.uclamp_min, spec.uclamp_max));
  KTSTR_TRY(check_slice(spec.slice, spec.policy));
  KTSTR_TRY(check_timer_slack(spec.timer_slack));
  KTSTR_TRY(check_placement(spec, placement));
  KTSTR_TRY(check_work_type(spec.type));
  KTSTR_TRY(check_group_size(spec.type, spec.workers));
  return check_beside(spec);
}

Status check_one_process(const std::vector<const WorkSpec*>& specs) {
  const auto shown = [](std::optional<std::uint32_t> id) { return id ? std::to_string(*id) : "none of its own"; };
  for (const WorkSpec* spec : specs) {
    const WorkSpec& first = *specs.front();
    const auto refuse = [&](std::string_view what, std::optional<std::uint32_t> a, std::optional<std::uint32_t> b) {
      return fail(ErrorCode::kInvalidArgument,
                  "workers of the process '{}' have {} {} and {}; threads of one process share it: give them the same, "
                  "or another pcomm",
                  first.pcomm.value_or(""), what, shown(a), shown(b));
    };
    if (spec->uid != first.uid) return refuse("uid", first.uid, spec->uid);
    if (spec->gid != first.gid) return refuse("gid", first.gid, spec->gid);
  }
  return ok();
}

Status check_parts(const std::vector<WorkerPart>& parts) {
  if (parts.empty()) return fail(ErrorCode::kInvalidArgument, "no workers are asked for");
  std::vector<const WorkSpec*> specs;
  for (const WorkerPart& part : parts) {
    KTSTR_TRY(check_worker_spec(part.spec, part.placement));
    if (parts.size() > 1 && (!part.spec.pcomm || part.spec.pcomm != parts.front().spec.pcomm))
      return fail(ErrorCode::kInvalidArgument, "only threads of one process are spawned together; give them one pcomm");
    specs.push_back(&part.spec);
  }
  return check_one_process(specs);
}

Result<WorkerPlan> plan_worker(const WorkSpec& spec, const WorkerPlacement& placement, int first_index, std::size_t i,
                               std::uint64_t seed) {
  const int index = first_index + static_cast<int>(i);
  const std::string name = fmt::format("{}/{}", place_name(placement), index);
  KTSTR_TRY_ASSIGN(CpuSet pinned, pinned_to(spec, placement, i, name));
  const Cpu born = birth_cpu(placement.birth_seed, birthplaces(placement, pinned), index);
  const MemPolicy memory = memory_of(spec);
  const bool thread = spec.pcomm.has_value();
  const SchedPolicy policy = work_policy(spec.type, i).value_or(spec.policy);
  const std::optional<int> own_nice = work_nice(spec.type, i);
  const std::string own_comm = work_comm(spec.type, i);
  return WorkerPlan{.role = thread ? WorkerPlan::Role::kThread : WorkerPlan::Role::kProcess,
                    .type = spec.type,
                    .name = name,
                    .spec = placement.spec,
                    .comm = (own_comm.empty() ? spec.comm.value_or(name) : own_comm).substr(0, kLongestComm),
                    .schedstat_path = placement.proc_root + (thread ? "/thread-self/schedstat" : "/self/schedstat"),
                    .role_name = std::string(work_role(spec.type, i)),
                    .seed = worker_seed(seed, placement.cgroup, index),
                    .phase = start_phase(seed, placement.cgroup, index),
                    .birth_cpu = born,
                    .start_cpus = CpuMask(born >= 0 ? CpuSet{born} : pinned),
                    .mem_policy = memory,
                    .memory = TaskMemory(memory),
                    .uid = spec.uid,
                    .gid = spec.gid,
                    .affinity = std::move(pinned),
                    .policy = policy,
                    .nice = own_nice ? own_nice : spec.nice,
                    .uclamp_min = spec.uclamp_min,
                    .uclamp_max = spec.uclamp_max,
                    .slice = check_slice(spec.slice, policy) ? spec.slice : std::nullopt,
                    .timer_slack = spec.timer_slack.value_or(std::chrono::nanoseconds(1)),
                    .counts_pages = memory != MemPolicy{} || moves_memory(spec.type),
                    .cgroup_dir = placement.cgroup_dir,
                    .moves_in = placement.moves_in};
}

WorkerPlan plan_leader(const WorkerPart& first, int first_index) {
  const WorkerPlacement& placement = first.placement;
  const Cpu born = birth_cpu(placement.birth_seed, placement.born_on, first_index);
  WorkerPlan plan;
  plan.role = WorkerPlan::Role::kLeader;
  plan.name = place_name(placement);
  plan.comm = first.spec.pcomm.value_or("");
  plan.birth_cpu = born;
  plan.start_cpus = CpuMask(born >= 0 ? CpuSet{born} : CpuSet());
  plan.uid = first.spec.uid;
  plan.gid = first.spec.gid;
  plan.cgroup_dir = placement.cgroup_dir;
  return plan;
}

std::string WorkerPlan::task() const {
  return role == Role::kLeader ? fmt::format("process '{}' of {}", comm, name) : "worker " + name;
}

std::uint64_t worker_seed(std::uint64_t seed, std::string_view cgroup, int index) {
  return splitmix64(splitmix64(splitmix64(seed) ^ name_hash(cgroup)) + static_cast<std::uint64_t>(index));
}

std::chrono::nanoseconds start_phase(std::uint64_t seed, std::string_view cgroup, int index) {
  constexpr std::uint64_t kLongest = 200'000;
  const std::uint64_t of_cgroup = splitmix64(seed ^ name_hash(cgroup));
  return std::chrono::nanoseconds(splitmix64(of_cgroup + static_cast<std::uint64_t>(index)) % (kLongest + 1));
}

Cpu birth_cpu(std::uint64_t seed, const CpuSet& candidates, int index) {
  if (candidates.empty()) return -1;
  const std::uint64_t choice = splitmix64(seed + static_cast<std::uint64_t>(index));
  const std::uint64_t position = pick_up_to(choice, candidates.size() - 1);
  return *std::next(candidates.begin(), static_cast<std::ptrdiff_t>(position));
}

}  // namespace ktstr
