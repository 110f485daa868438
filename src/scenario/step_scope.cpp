// SPDX-License-Identifier: Apache-2.0
#include "scenario/step_scope.h"

#include <algorithm>

#include "assert/cgroup_stats.h"
#include "assert/worker_checks.h"
#include "base/splitmix.h"

namespace ktstr {

namespace {

Detail note(int phase, std::string cgroup, std::string message) {
  Detail detail;
  detail.verdict = Verdict::kPass;
  detail.kind = DetailKind::kNote;
  detail.phase = phase;
  detail.cgroup = std::move(cgroup);
  detail.message = std::move(message);
  return detail;
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

void StepScope::pause() {
  const Nanoseconds since = hooks_.now();
  hooks_.pause(pause_before(seeds_.pauses, phase_, ops_done_++));
  paused_ += hooks_.now() - since;
}

int StepScope::worker_count() const {
  int count = 0;
  for (const LiveCgroup& cgroup : live_)
    for (const RunningWorkers& group : cgroup.groups) count += group.count;
  return count;
}

Status StepScope::set_up(const PlannedStep& step) {
  for (const PlannedCgroup& cgroup : step.cgroups) KTSTR_TRY(create(cgroup));
  for (std::size_t i = 0; i < live_.size(); ++i)
    KTSTR_TRY(spawn(live_[i], i).context(fmt::format("cgroup '{}'", live_[i].plan.name)));
  return ok();
}

Status StepScope::create(const PlannedCgroup& cgroup) {
  pause();
  KTSTR_TRY(cgroups_.create(cgroup.name).context(fmt::format("cgroup '{}'", cgroup.name)));
  live_.push_back({cgroup, {}});
  if (cgroup.cpuset)
    KTSTR_TRY(ops_.set(cgroup.name, "cpuset.cpus", cgroup.cpuset->to_string())
                  .context(fmt::format("cgroup '{}'", cgroup.name)));
  if (cgroup.weight)
    KTSTR_TRY(ops_.set(cgroup.name, "cpu.weight", std::to_string(*cgroup.weight))
                  .context(fmt::format("cgroup '{}'", cgroup.name)));
  return ok();
}

Status StepScope::spawn(LiveCgroup& cgroup, std::size_t position) {
  pause();
  KTSTR_TRY_ASSIGN(const Fd directory, ops_.directory(cgroup.plan.name));
  WorkerPlacement placement{.cgroup = cgroup.plan.name,
                            .cgroup_dir = directory.valid() ? &directory : nullptr,
                            .allowed = cgroup.plan.cpuset,
                            .born_on = cgroup.plan.cpuset.value_or(machine_)};
  int first_index = 0;
  for (std::size_t i = 0; i < cgroup.plan.work.size(); ++i) {
    placement.group = static_cast<int>(i);
    const std::uint64_t seed = worker_seed(seeds_.phases, phase_, position, i);
    placement.birth_seed = worker_seed(seeds_.births, phase_, position, i);
    KTSTR_TRY_ASSIGN(RunningWorkers group, hooks_.spawn(cgroup.plan.work[i], placement, first_index, seed));
    first_index += group.count;
    cgroup.groups.push_back(std::move(group));
  }
  return ok();
}

void StepScope::release_workers() {
  released_ = true;
  for (const LiveCgroup& cgroup : live_)
    for (const RunningWorkers& group : cgroup.groups) group.release();
}

// An earlier group that used up the grace leaves none for the later ones: they had the same time to end.
Result<std::vector<WorkerReport>> StepScope::collect(const LiveCgroup& cgroup, Nanoseconds deadline) {
  std::vector<WorkerReport> reports;
  for (const RunningWorkers& group : cgroup.groups) {
    KTSTR_TRY_ASSIGN(std::vector<WorkerReport> part, group.collect(std::max(deadline - hooks_.now(), Nanoseconds(0))));
    std::move(part.begin(), part.end(), std::back_inserter(reports));
  }
  return reports;
}

void StepScope::judge(const LiveCgroup& cgroup, const std::vector<WorkerReport>& reports, const Checks& checks,
                      EventSink& events, AssertResult& result) const {
  for (const WorkerReport& report : reports) events.worker(phase_, report);
  result.merge(check_workers(checks, phase_, cgroup.plan.name, cgroup.plan.cpuset, reports));
  result.cgroups.push_back(make_cgroup_stats(phase_, cgroup.plan.name, cgroup.plan.cpuset, reports));
}

void StepScope::remove_cgroups(AssertResult& result) {
  for (const Error& error : cgroups_.close())
    result.details.push_back(note(phase_, {}, "clean-up: " + error.message()));
}

Status StepScope::tear_down(const Checks& checks, EventSink& events, AssertResult& result) {
  for (const LiveCgroup& cgroup : live_)
    for (const RunningWorkers& group : cgroup.groups) group.request_stop();
  const Nanoseconds deadline = hooks_.now() + kStopGrace;
  Status outcome = ok();
  for (const LiveCgroup& cgroup : live_) {
    auto reports = collect(cgroup, deadline);
    // Workers that were never let go have nothing to report, and it is not the scheduler's fault.
    if (reports && released_) judge(cgroup, *reports, checks, events, result);
    if (reports) continue;
    Error error = std::move(reports).error();
    error.context(fmt::format("cgroup '{}': its workers could not be collected", cgroup.plan.name));
    if (released_ && outcome)
      outcome = std::move(error);
    else
      result.details.push_back(note(phase_, cgroup.plan.name, "clean-up: " + error.message()));
  }
  live_.clear();
  remove_cgroups(result);
  return outcome;
}

}  // namespace ktstr
