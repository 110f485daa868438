// SPDX-License-Identifier: Apache-2.0
#include "scenario/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/log.h"
#include "base/splitmix.h"
#include "scenario/execution_state.h"
#include "scenario/ops/op_table.h"

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

void World::begin_step(int number, bool loops) {
  number_ = number;
  loops_ = loops;
  ops_done_ = spawns_ = 0;
  step_.emplace(ctx_.cgroups(), hooks_, number, fmt::format("step {}", number), &backdrop_);
}

Status World::end_step() {
  Status outcome = step_->end_processes(findings_);
  judge_shares(*step_);
  // The Backdrop's workers see that put back.
  if (!step_->machine().empty())
    off_the_clock([this] {
      ignore_result(with_cpus_in_flux([this] {
                      step_->put_back_machine(findings_);
                      return ok();
                    }),
                    "what could not be put back is noted");
    });
  step_->remove_cgroups(findings_);
  step_.reset();
  return outcome;
}

Status World::end_backdrop() {
  Status outcome = backdrop_.end_processes(findings_);
  judge_shares(backdrop_);
  judge_payload_use();
  backdrop_.put_back_machine(findings_);
  backdrop_.remove_cgroups(findings_);
  return outcome;
}

void World::off_the_clock(const std::function<void()>& action) {
  const Nanoseconds since = hooks_.now();
  action();
  end_ += hooks_.now() - since;
}

void World::note_sched_classes() {
  for_each_scope([](Scope& scope) {
    for (LiveCgroup& group : scope.live())
      for (const WorkerSet& set : group.sets) set.workers->note_sched_class();
  });
}

Status World::change_scheduler(const SchedulerChange& change) {
  if (!hooks_.schedulers) return fail(ErrorCode::kUnsupported, "nobody here starts and ends schedulers");
  Result<int> pid = 0;
  const auto act = [&] {
    pid = hooks_.schedulers->change(change);
    if (pid && *pid != 0) note_sched_classes();
  };
  if (loops_)
    act();
  else
    off_the_clock(act);
  // Nobody may be watched whom the op was to end.
  const bool unchanged = !pid && !change.end;
  if (!unchanged) ExecutionState(ctx_).set_scheduler_pid(pid.value_or(0));
  return pid ? ok() : Status(pid.error());
}

void World::pause() {
  off_the_clock([this] { hooks_.pause(pause_before(ctx_.seed_for(Vary::kPauses), number_, ops_done_++)); });
}

// --- holds

void World::update_holds() {
  for_each_scope([](Scope& scope) { scope.update_holds(); });
}

// A freeze that fails has done its part of it, and is undone at the end.
Status World::set_frozen(Found found, bool frozen) {
  if (frozen) {
    found.group->frozen = true;
    update_holds();
  }
  KTSTR_TRY(cgroups().freeze(found.group->name, frozen));
  found.group->frozen = frozen;
  update_holds();
  return ok();
}

Status World::kill_all(const std::string& name) {
  for_each_scope([&](Scope& scope) {
    for (LiveCgroup& group : scope.live()) {
      if (!is_within(group.name, name)) continue;
      group.killed = true;
      // They die of something that is not the scheduler's doing.
      for (WorkerSet& set : group.sets) set.workers->expect_kill();
    }
  });
  return cgroups().kill_all(name);
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

std::uint64_t World::next_seed(Vary factor) {
  return worker_seed(ctx_.seed_for(factor), number_, static_cast<std::size_t>(ops_done_), 2);
}

// --- numbers

int World::cgroup_count() const { return backdrop_.cgroup_count() + (step_ ? step_->cgroup_count() : 0); }
int World::worker_count() const { return backdrop_.worker_count() + (step_ ? step_->worker_count() : 0); }

Stimulus World::stimulus(Nanoseconds start, const std::vector<Op>& ops) {
  const Nanoseconds now = hooks_.now();
  Stimulus stimulus;
  stimulus.at_ns = static_cast<std::uint64_t>(now.count());
  stimulus.elapsed_ms =
      narrowed<std::uint32_t>(static_cast<std::uint64_t>((now - start) / Milliseconds(1)), "ms since the start");
  stimulus.step = narrowed<std::uint16_t>(static_cast<std::uint64_t>(number_), "steps");
  stimulus.ops = narrowed<std::uint16_t>(ops.size(), "ops");
  stimulus.op_kinds = op_names(ops);
  stimulus.cgroups = narrowed<std::uint16_t>(static_cast<std::uint64_t>(cgroup_count()), "cgroups");
  stimulus.workers = narrowed<std::uint16_t>(static_cast<std::uint64_t>(worker_count()), "workers");
  for_each_scope([&](Scope& scope) { stimulus.iterations += scope.iterations(); });
  return stimulus;
}

Status World::apply(const Op& op) {
  pause();
  note_op(op);
  Status done = row_of(op).apply(op, *this).context(op.describe());
  note_crowding();
  return done;
}

}  // namespace ktstr
