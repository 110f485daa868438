// SPDX-License-Identifier: Apache-2.0
#include "scenario/scope.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "assert/cgroup_stats.h"
#include "assert/worker_checks.h"

namespace ktstr {

namespace {

std::vector<int> numbers_of(const std::vector<WorkerSet>& sets, std::vector<int> (RunningWorkers::*numbers)() const) {
  std::vector<int> all;
  for (const WorkerSet& set : sets) {
    const std::vector<int> part = (*set.workers.*numbers)();
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace

int LiveCgroup::worker_count() const {
  int count = 0;
  for (const WorkerSet& set : sets) count += set.workers->count();
  return count;
}

std::vector<int> LiveCgroup::pids() const { return numbers_of(sets, &RunningWorkers::pids); }
std::vector<int> LiveCgroup::processes() const { return numbers_of(sets, &RunningWorkers::processes); }

std::uint64_t LiveCgroup::iterations() const {
  std::uint64_t sum = 0;
  for (const WorkerSet& set : sets) sum += set.workers->iterations();
  return sum;
}

void Scope::note(std::string cgroup, std::string message, AssertResult& result) const {
  result.details.push_back({.verdict = Verdict::kPass,
                            .kind = DetailKind::kNote,
                            .message = std::move(message),
                            .cgroup = std::move(cgroup),
                            .phase = phase_});
}

Status Scope::create(const std::string& name) {
  KTSTR_TRY(cgroups_.create(name));
  live_.push_back({.name = name});
  return ok();
}

LiveCgroup* Scope::find(std::string_view name) {
  const auto found = std::find_if(live_.begin(), live_.end(), [&](const LiveCgroup& each) { return each.name == name; });
  return found == live_.end() ? nullptr : &*found;
}

LiveCgroup& Scope::outside() {
  if (LiveCgroup* place = find("")) return *place;
  return live_.emplace_back();
}

LivePayload* Scope::find_payload(std::string_view name, std::string_view cgroup) {
  const auto found = std::find_if(payloads_.begin(), payloads_.end(), [&](const LivePayload& each) {
    return each.name == name && each.cgroup == cgroup;
  });
  return found == payloads_.end() ? nullptr : &*found;
}

int Scope::worker_count() const {
  int count = 0;
  for (const LiveCgroup& group : live_) count += group.worker_count();
  return count;
}

std::uint64_t Scope::iterations() const {
  std::uint64_t sum = 0;
  for (const LiveCgroup& group : live_) sum += group.iterations();
  return sum;
}

void Scope::release_workers() {
  for (LiveCgroup& group : live_)
    for (WorkerSet& set : group.sets) {
      if (std::exchange(set.released, true)) continue;
      set.workers->release();
      if (hooks_.watch) hooks_.watch(set.workers->pids());
    }
}

// A frozen task neither ends nor dies.
void Scope::thaw(LiveCgroup& group, AssertResult& result) {
  if (!std::exchange(group.frozen, false)) return;
  if (const Status thawed = ops_.freeze(group.name, false); !thawed)
    note(group.name, "clean-up: it cannot be thawed: " + thawed.error().message(), result);
}

void Scope::finish_payload(LivePayload& payload, const PayloadReport& report, const Findings& findings) {
  findings.events.payload(report);
  AssertResult judged = payload.running->judge(report);
  for (Detail& detail : judged.details) detail.phase = phase_;
  findings.result.merge(std::move(judged));
  findings.result.payloads.push_back(report);
  payloads_.erase(payloads_.begin() + (&payload - payloads_.data()));
}

Status Scope::kill_payload(LivePayload& payload, const Findings& findings) {
  KTSTR_TRY_ASSIGN(const PayloadReport report,
                   payload.running->kill().context(fmt::format("payload '{}'", payload.name)));
  finish_payload(payload, report, findings);
  return ok();
}

void Scope::request_stop(LiveCgroup& group) {
  for (WorkerSet& set : group.sets) {
    if (!set.released) continue;
    if (hooks_.unwatch) hooks_.unwatch(set.workers->pids());
    set.workers->request_stop();
  }
}

// An earlier set that used up the grace leaves none for the later ones: they had the same time to end.
Result<std::vector<WorkerReport>> Scope::collect(LiveCgroup& group, Nanoseconds deadline) {
  std::vector<WorkerReport> reports;
  for (WorkerSet& set : group.sets) {
    // Workers that were never let go have nothing to report, and it is not the scheduler's fault.
    if (!set.released) continue;
    KTSTR_TRY_ASSIGN(std::vector<WorkerReport> part,
                     set.workers->collect(std::max(deadline - hooks_.now(), Nanoseconds(0))));
    for (WorkerReport& report : part) {
      report.cgroup = group.name;  // where it was last
      if (set.killed) report.exit.clear();
    }
    std::move(part.begin(), part.end(), std::back_inserter(reports));
  }
  return reports;
}

void Scope::judge(const LiveCgroup& group, const std::vector<WorkerReport>& reports, const Findings& findings) const {
  if (reports.empty()) return;
  for (const WorkerReport& report : reports) findings.events.worker(phase_, report);
  Checks checks = findings.checks;
  if (!group.interrupted.empty()) {
    // Workers that the scenario itself kept from running were away for no fault of the scheduler.
    checks.gap_off = checks.spread_off = true;
    note(group.name, fmt::format("gaps and spread are not judged: its workers were {}", group.interrupted),
         findings.result);
  }
  findings.result.merge(check_workers(checks, phase_, group.name, group.cpuset, reports));
  findings.result.cgroups.push_back(make_cgroup_stats(phase_, group.name, group.cpuset, reports));
}

Status Scope::collect_and_judge(LiveCgroup& group, Nanoseconds deadline, const Findings& findings) {
  auto reports = collect(group, deadline);
  const bool released = std::any_of(group.sets.begin(), group.sets.end(), [](const auto& set) { return set.released; });
  if (reports) judge(group, *reports, findings);
  group.sets.clear();
  if (reports) return ok();
  Error error = std::move(reports).error();
  error.context(fmt::format("cgroup '{}': its workers could not be collected", group.name));
  if (released) return error;
  note(group.name, "clean-up: " + error.message(), findings.result);
  return ok();
}

Status Scope::empty(LiveCgroup& group, const Findings& findings) {
  thaw(group, findings.result);
  request_stop(group);
  return collect_and_judge(group, hooks_.now() + kStopGrace, findings);
}

Status Scope::remove(const std::string& name, const Findings& findings) {
  LiveCgroup* const group = find(name);
  if (group == nullptr) return fail(ErrorCode::kInvalidArgument, "there is no cgroup '{}' in {}", name, label_);
  KTSTR_TRY(empty(*group, findings));
  KTSTR_TRY(cgroups_.remove(name));
  live_.erase(live_.begin() + (group - live_.data()));
  return ok();
}

Status Scope::tear_down(const Findings& findings) {
  Status outcome = ok();
  const auto keep_first = [&](Status status) {
    if (!status && outcome) outcome = std::move(status);
  };
  for (LiveCgroup& group : live_) thaw(group, findings.result);
  while (!payloads_.empty()) {
    const std::size_t before = payloads_.size();
    keep_first(kill_payload(payloads_.back(), findings));
    if (payloads_.size() == before) payloads_.pop_back();
  }
  if (hooks_.stalls)
    for (Detail& stall : hooks_.stalls()) {
      stall.phase = phase_;
      findings.result.details.push_back(std::move(stall));
    }
  for (LiveCgroup& group : live_) request_stop(group);
  const Nanoseconds deadline = hooks_.now() + kStopGrace;
  for (LiveCgroup& group : live_) keep_first(collect_and_judge(group, deadline, findings));
  live_.clear();
  for (const Error& error : machine_.restore()) note({}, "clean-up: " + error.message(), findings.result);
  for (const Error& error : cgroups_.close()) note({}, "clean-up: " + error.message(), findings.result);
  return outcome;
}

}  // namespace ktstr
