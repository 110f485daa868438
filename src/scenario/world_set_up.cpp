// SPDX-License-Identifier: Apache-2.0
//
// The World's part that creates: cgroups with their limits, workers, payloads.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "scenario/world.h"
#include "workload/task/sched_class.h"

namespace ktstr {

namespace {

// Entitled to a share are workers that want a CPU all the time, and any of them, by their weight alone.
std::string why_no_share(const WorkSpec& spec) {
  using Kind = SchedPolicy::Kind;
  const Kind kind = spec.policy.kind;
  if (!std::holds_alternative<SpinWait>(spec.type))
    return fmt::format("{} workers, which give up their CPU by themselves,", name_of(spec.type));
  if (!spec.affinity.inherits() || spec.numa_node) return "the affinity";
  if (kind != Kind::kNormal && kind != Kind::kBatch && kind != Kind::kExt)
    return fmt::format("the policy {}", spec.policy.describe());
  return "";
}

}  // namespace

Status World::create(const PlannedCgroup& cgroup) {
  KTSTR_TRY(check_unused(cgroup.name));
  pause();
  const std::string where = fmt::format("cgroup '{}'", cgroup.name);
  KTSTR_TRY(target().create(cgroup.name).context(where));
  if (const auto needed = plan_.controllers.find(cgroup.name); needed != plan_.controllers.end())
    KTSTR_TRY(cgroups().enable_controllers(cgroup.name, needed->second).context(where));
  if (cgroup.cpuset) {
    KTSTR_TRY(cgroups().set(cgroup.name, "cpuset.cpus", cgroup.cpuset->to_string()).context(where));
    target().find(cgroup.name)->cpuset = cgroup.cpuset;
  }
  target().find(cgroup.name)->share = cgroup.share;
  for (const KnobSetting& setting : cgroup.knobs) KTSTR_TRY(set_knob(cgroup.name, setting));
  return ok();
}

Status World::hold_exclusive_above(const std::string& group, const CpuSet& cpus) {
  constexpr std::string_view kFile = "cpuset.cpus.exclusive";
  for (std::size_t end = group.rfind('/');; end = group.rfind('/', end - 1)) {
    const std::string above = end == std::string::npos ? "" : group.substr(0, end);
    KTSTR_TRY_ASSIGN(const std::string held, cgroups().get(above, kFile));
    KTSTR_TRY_ASSIGN(const CpuSet before, CpuSet::parse(held));
    if (!cpus.is_subset_of(before)) KTSTR_TRY(cgroups().set(above, kFile, before.union_with(cpus).to_string()));
    if (above.empty()) return ok();
  }
}

Status World::set_knob(const std::string& group, const KnobSetting& setting) {
  if (setting.knob == Knob::kCpusetExclusive) {
    KTSTR_TRY_ASSIGN(const CpuSet cpus, CpuSet::parse(setting.value));
    // A kernel without the file says so where the knob itself is written.
    if (cgroups().get(group, file_of(setting.knob)))
      KTSTR_TRY(hold_exclusive_above(group, cpus).context(fmt::format("above cgroup '{}'", group)));
  }
  note_limits(group, setting);
  return cgroups().set(group, file_of(setting.knob), setting.value).context(fmt::format("cgroup '{}'", group));
}

Status World::spawn(const PlannedCgroup& cgroup) {
  if (cgroup.work.empty()) return ok();
  pause();
  KTSTR_TRY_ASSIGN(const Found found, find(cgroup.name));
  return spawn_workers(*found.group, cgroup.work);
}

Result<WorkerPart> World::part_for(const LiveCgroup& group, const WorkSpec& spec, int number, const Fd& directory) {
  const CpuSet cpus = group.cpuset.value_or(CpuSet());
  const auto spawned = static_cast<std::size_t>(spawns_++);
  WorkerPlacement placement{.cgroup = group.name,
                            .spec = number,
                            .cgroup_dir = directory.valid() ? &directory : nullptr,
                            .moves_in = group.killed,
                            .allowed = group.cpuset,
                            .born_on = cpus.empty() ? ctx_.topology().cpus : cpus,
                            .birth_seed = worker_seed(ctx_.seed_for(Vary::kCpu), number_, spawned, 0)};
  if (spec.numa_node) placement.node_cpus = ctx_.topology().node_cpus(*spec.numa_node);
  const std::uint64_t placing = worker_seed(ctx_.seed_for(Vary::kPlacement), number_, spawned, 1);
  for (int i = 0; i < spec.workers && !spec.affinity.inherits(); ++i) {
    KTSTR_TRY_ASSIGN(auto affinity, spec.affinity.resolve(ctx_.topology(), cpus, i, placing));
    if (affinity) placement.affinity.push_back(*std::move(affinity));
  }
  return WorkerPart{spec, std::move(placement), worker_seed(ctx_.seed_for(Vary::kPhases), number_, spawned, 0)};
}

Status World::spawn_workers(LiveCgroup& group, const std::vector<WorkSpec>& work) {
  const std::string where = group.name.empty() ? "outside of the cgroups" : fmt::format("cgroup '{}'", group.name);
  Fd directory;
  if (!group.name.empty()) {
    KTSTR_TRY_ASSIGN(directory, cgroups().directory(group.name).context(where));
  }
  had_workers_ = true;
  note_neighbours("workers");
  // As the groups stand in the definition, whatever is spawned together.
  const int first_group = group.next_group;
  for (const auto& positions : spawned_together(work)) {
    WorkerSet set{.first_index = group.next_index};
    std::vector<WorkerPart> parts;
    for (const std::size_t i : positions) {
      const int number = first_group + static_cast<int>(i);
      auto part = part_for(group, work[i], number, directory).context(where);
      if (!part) return std::move(part).error();
      const auto& pinned = part->placement.affinity;
      set.note_nice(work[i].nice.value_or(0));
      set.note_policy(work[i].policy);
      for (const CpuSet& cpus : pinned)
        if (const int size = static_cast<int>(cpus.size()); set.fewest_cpus == 0 || size < set.fewest_cpus)
          set.fewest_cpus = size;
      set.apart = set.apart || std::adjacent_find(pinned.begin(), pinned.end(), std::not_equal_to<>()) != pinned.end();
      parts.push_back(*std::move(part));
      if (set.no_share.empty()) set.no_share = why_no_share(work[i]);
      set.groups.emplace(number, number);
    }
    KTSTR_TRY_ASSIGN(set.workers, hooks_.spawn(parts, set.first_index).context(where));
    findings_.oom.know(set.workers->pids());
    findings_.oom.know(set.workers->processes());
    group.add(std::move(set));
  }
  update_holds();
  return ok();
}

Status World::set_up(const std::vector<PlannedCgroup>& cgroups) {
  for (const PlannedCgroup& cgroup : cgroups) KTSTR_TRY(create(cgroup));
  for (const PlannedCgroup& cgroup : cgroups) KTSTR_TRY(spawn(cgroup));
  for (const PlannedCgroup& cgroup : cgroups)
    if (cgroup.payload) KTSTR_TRY(start_payload(*cgroup.payload, {}, cgroup.name, "CgroupDef::workload"));
  note_crowding();
  return ok();
}

Status World::start_payload(const Payload& payload, const std::vector<std::string>& args, const std::string& cgroup,
                            std::string surface) {
  LivePayload* live = step_ ? step_->find_payload(payload.name(), cgroup) : nullptr;
  if (live == nullptr) live = backdrop_.find_payload(payload.name(), cgroup);
  if (live != nullptr)
    return fail(ErrorCode::kInvalidArgument, "the payload '{}' runs in '{}' already, started by {}", payload.name(),
                cgroup, live->surface);
  Fd directory;
  bool killed = false;
  if (!cgroup.empty()) {
    KTSTR_TRY_ASSIGN(directory, cgroups().directory(cgroup));
    const auto found = find(cgroup);
    killed = found && found->group->killed;
  }
  const PayloadStart start{.payload = &payload,
                           .args = args,
                           .cgroup = cgroup,
                           .cgroup_dir = directory.valid() ? &directory : nullptr,
                           .moves_in = killed,
                           .step = number_,
                           .search_path = ctx_.payload_path()};
  const std::size_t oom_since = findings_.oom.count();
  KTSTR_TRY_ASSIGN(auto running, hooks_.start_payload(start).context(fmt::format("payload '{}'", payload.name())));
  if (hooks_.sched_class) add_sched_class(payload_classes_[payload.name()], hooks_.sched_class(running->pid()));
  note_neighbours(fmt::format("payload '{}'", payload.name()));
  leave_shares_undefined(fmt::format("payload '{}' ran beside the workers", payload.name()));
  findings_.oom.know({running->pid()});
  target().payloads().push_back({.name = payload.name(),
                                 .cgroup = cgroup,
                                 .surface = std::move(surface),
                                 .running = std::move(running),
                                 .oom_since = oom_since});
  return ok();
}

Status World::kill_payloads_in(std::string_view cgroup) {
  Status outcome = ok();
  for_each_scope([&](Scope& scope) {
    for (std::size_t i = scope.payloads().size(); i-- > 0 && outcome;)
      if (scope.payloads()[i].cgroup == cgroup)
        outcome = scope.kill_payload(scope.payloads()[i], PayloadKill::kAsked, findings_);
  });
  return outcome;
}

void World::mark_payloads_killed(std::string_view cgroup) {
  const std::string below = std::string(cgroup) + "/";
  for_each_scope([&](Scope& scope) {
    for (LivePayload& payload : scope.payloads())
      if (payload.cgroup == cgroup || payload.cgroup.starts_with(below)) payload.killed = true;
  });
}

}  // namespace ktstr
