// SPDX-License-Identifier: Apache-2.0
#include "scenario/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/log.h"
#include "base/splitmix.h"
#include "scenario/ops.h"

namespace ktstr {

namespace {

// Into a narrower field of a record: saturates, and says so.
template <typename To, typename From>
To narrowed(From value, const char* what) {
  constexpr auto kMost = std::numeric_limits<To>::max();
  if (value <= static_cast<From>(kMost)) return static_cast<To>(value);
  log_warn("{} {} do not fit into the stimulus record, which says {}", value, what, kMost);
  return kMost;
}

}  // namespace

std::uint64_t worker_seed(std::uint64_t scenario_seed, int step, std::size_t cgroup, std::size_t group) {
  std::uint64_t seed = splitmix64(scenario_seed);
  seed = splitmix64(seed ^ static_cast<std::uint64_t>(step));
  seed = splitmix64(seed ^ cgroup);
  return splitmix64(seed ^ group);
}

Nanoseconds pause_before(std::uint64_t pauses_seed, int step, int op) {
  constexpr std::uint64_t kLongest = 500'000;
  const std::uint64_t of_step = splitmix64(splitmix64(pauses_seed) ^ static_cast<std::uint64_t>(step));
  return Nanoseconds(pick_up_to(splitmix64(of_step + static_cast<std::uint64_t>(op)), kLongest));
}

void World::begin_step(int number) {
  number_ = number;
  ops_done_ = spawns_ = 0;
  step_.emplace(ctx_.cgroups(), hooks_, number, fmt::format("step {}", number));
}

Status World::end_step() {
  Status outcome = ok();
  const auto tear_down = [&] { return step_->tear_down(findings_); };
  // Where it changed the machine, the Backdrop's workers see that put back.
  outcome = step_->machine().empty() ? tear_down() : with_cpus_in_flux(tear_down);
  step_.reset();
  return outcome;
}

void World::pause() {
  const Nanoseconds since = hooks_.now();
  hooks_.pause(pause_before(ctx_.seed_for(Vary::kPauses), number_, ops_done_++));
  paused_ += hooks_.now() - since;
}

void World::note(std::string cgroup, std::string message) {
  findings_.result.details.push_back({.verdict = Verdict::kPass,
                                      .kind = DetailKind::kNote,
                                      .message = std::move(message),
                                      .cgroup = std::move(cgroup),
                                      .phase = number_});
}

// --- names

std::string World::known_names() {
  std::string names;
  for_each_scope([&](Scope& scope) {
    for (const LiveCgroup& group : scope.live())
      if (!group.name.empty()) names += fmt::format("{}'{}'", names.empty() ? "" : ", ", group.name);
  });
  return names.empty() ? "there are none" : "there are " + names;
}

Result<World::Found> World::find(std::string_view name) {
  if (step_)
    if (LiveCgroup* group = step_->find(name)) return Found{&*step_, group};
  if (LiveCgroup* group = backdrop_.find(name)) return Found{&backdrop_, group};
  return fail(ErrorCode::kNotFound, "there is no cgroup '{}'; {}", name, known_names());
}

Result<World::Found> World::find_or_outside(std::string_view name) {
  if (!name.empty()) return find(name);
  for (Scope* scope : {step_ ? &*step_ : nullptr, &backdrop_})
    if (LiveCgroup* place = scope != nullptr ? scope->find("") : nullptr; place != nullptr && place->worker_count() > 0)
      return Found{scope, place};
  return Found{&target(), &target().outside()};
}

Result<std::pair<Scope*, LivePayload*>> World::find_payload(std::string_view name,
                                                            const std::optional<std::string>& cgroup) {
  std::vector<std::pair<Scope*, LivePayload*>> found;
  std::string places;
  for_each_scope([&](Scope& scope) {
    for (LivePayload& payload : scope.payloads()) {
      if (payload.name != name || (cgroup && payload.cgroup != *cgroup)) continue;
      found.emplace_back(&scope, &payload);
      places += fmt::format("{}'{}'", places.empty() ? "" : ", ", payload.cgroup);
    }
  });
  if (found.empty()) return fail(ErrorCode::kNotFound, "no payload '{}' is running", name);
  if (found.size() > 1)
    return fail(ErrorCode::kInvalidArgument, "the payload '{}' runs in the cgroups {}; say in which", name, places);
  return found.front();
}

Status World::check_unused(const std::string& name) {
  if (const auto found = find(name))
    return fail(ErrorCode::kInvalidArgument, "the cgroup '{}' is there already, in {}", name, found->scope->label());
  return ok();
}

// --- cgroups and workers

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
                            .group = number,
                            .cgroup_dir = directory.valid() ? &directory : nullptr,
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
  const std::string where = group.name.empty() ? "workers outside of the cgroups" : fmt::format("cgroup '{}'", group.name);
  Fd directory;
  if (!group.name.empty()) {
    KTSTR_TRY_ASSIGN(directory, cgroups().directory(group.name).context(where));
  }
  const int first = group.next_set;
  group.next_set += static_cast<int>(work.size());
  for (const auto& positions : spawned_together(work)) {
    std::vector<WorkerPart> parts;
    for (const std::size_t i : positions) {
      auto part = part_for(group, work[i], first + static_cast<int>(i), directory).context(where);
      if (!part) return std::move(part).error();
      parts.push_back(*std::move(part));
    }
    KTSTR_TRY_ASSIGN(auto workers, hooks_.spawn(parts, group.next_index).context(where));
    group.next_index += workers->count();
    group.sets.push_back({std::move(workers)});
  }
  return ok();
}

Status World::set_up(const std::vector<PlannedCgroup>& cgroups) {
  for (const PlannedCgroup& cgroup : cgroups) KTSTR_TRY(create(cgroup));
  for (const PlannedCgroup& cgroup : cgroups) KTSTR_TRY(spawn(cgroup));
  for (const PlannedCgroup& cgroup : cgroups)
    if (cgroup.payload) KTSTR_TRY(start_payload(*cgroup.payload, {}, cgroup.name, "CgroupDef::workload"));
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
  if (!cgroup.empty()) {
    KTSTR_TRY_ASSIGN(directory, cgroups().directory(cgroup));
  }
  const PayloadStart start{.payload = &payload,
                           .args = args,
                           .cgroup = cgroup,
                           .cgroup_dir = directory.valid() ? &directory : nullptr,
                           .phase = number_,
                           .search_path = ctx_.payload_path()};
  KTSTR_TRY_ASSIGN(auto running, hooks_.start_payload(start).context(fmt::format("payload '{}'", payload.name())));
  target().payloads().push_back({payload.name(), cgroup, std::move(surface), std::move(running)});
  return ok();
}

Status World::kill_payloads_in(std::string_view cgroup) {
  Status outcome = ok();
  for_each_scope([&](Scope& scope) {
    for (std::size_t i = scope.payloads().size(); i-- > 0 && outcome;)
      if (scope.payloads()[i].cgroup == cgroup) outcome = scope.kill_payload(scope.payloads()[i], findings_);
  });
  return outcome;
}

std::uint64_t World::next_seed(Vary factor) {
  return worker_seed(ctx_.seed_for(factor), number_, static_cast<std::size_t>(ops_done_), 2);
}

// --- which CPUs the isolation check allows

void World::allow(LiveCgroup& group, const std::optional<CpuSet>& cpus) {
  for (const WorkerSet& set : group.sets) set.workers->set_allowed(cpus.value_or(CpuSet()));
}

Status World::change_cpuset(Found found, std::optional<CpuSet> cpus) {
  LiveCgroup& group = *found.group;
  const bool bounded = cpus && group.cpuset;
  allow(group, bounded ? std::optional(cpus->union_with(*group.cpuset)) : std::nullopt);
  const Status written =
      cgroups().set(group.name, "cpuset.cpus", cpus ? cpus->to_string() : "").context(fmt::format("cgroup '{}'", group.name));
  if (written) group.cpuset = std::move(cpus);
  allow(group, group.cpuset);
  return written;
}

Status World::with_cpus_in_flux(const std::function<Status()>& change) {
  const auto allow_all = [this](bool everything) {
    for_each_scope([&](Scope& scope) {
      const auto online = scope.machine().online();
      for (LiveCgroup& group : scope.live()) {
        std::optional<CpuSet> cpus;
        // A cpuset whose CPUs are all offline is given its parent's by the kernel.
        if (!everything && group.cpuset) {
          cpus = online ? group.cpuset->intersection(*online) : *group.cpuset;
          if (cpus->empty()) cpus.reset();
        }
        allow(group, cpus);
      }
    });
  };
  allow_all(true);
  const Status changed = change();
  allow_all(false);
  return changed;
}

// --- numbers

int World::cgroup_count() const { return backdrop_.cgroup_count() + (step_ ? step_->cgroup_count() : 0); }
int World::worker_count() const { return backdrop_.worker_count() + (step_ ? step_->worker_count() : 0); }

Stimulus World::stimulus(Nanoseconds since_start, const std::vector<Op>& ops) {
  Stimulus stimulus;
  stimulus.elapsed_ms =
      narrowed<std::uint32_t>(static_cast<std::uint64_t>(since_start / Milliseconds(1)), "ms since the start");
  stimulus.phase = narrowed<std::uint16_t>(static_cast<std::uint64_t>(number_), "steps");
  stimulus.ops = narrowed<std::uint16_t>(ops.size(), "ops");
  for (const Op& op : ops) stimulus.op_kinds |= op.bit();
  stimulus.cgroups = narrowed<std::uint16_t>(static_cast<std::uint64_t>(cgroup_count()), "cgroups");
  stimulus.workers = narrowed<std::uint16_t>(static_cast<std::uint64_t>(worker_count()), "workers");
  for_each_scope([&](Scope& scope) { stimulus.iterations += scope.iterations(); });
  return stimulus;
}

Status World::apply(const Op& op) {
  pause();
  return std::visit([this](const auto& each) { return ktstr::apply(each, *this); }, op.kind()).context(op.describe());
}

}  // namespace ktstr
