// SPDX-License-Identifier: Apache-2.0
#include "scenario/scope.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "assert/cgroup_stats.h"
#include "assert/worker_checks.h"
#include "base/text/error_line.h"

namespace ktstr {

namespace {

bool has_group(const WorkerSet& set, int number) {
  return std::any_of(set.groups.begin(), set.groups.end(), [&](const auto& each) { return each.second == number; });
}

bool overlap(const WorkerSet& a, const WorkerSet& b) {
  return std::any_of(a.groups.begin(), a.groups.end(), [&](const auto& each) { return has_group(b, each.second); }) ||
         (a.first_index < b.first_index + b.workers->count() && b.first_index < a.first_index + a.workers->count());
}

void bound(WorkerSet& set, const CpuSet& cpus) {
  if (set.cpusets.empty() || set.cpusets.back() != cpus) set.cpusets.push_back(cpus);
}

std::vector<int> numbers_of(const std::vector<WorkerSet>& sets, std::vector<int> (RunningWorkers::*numbers)() const) {
  std::vector<int> all;
  for (const WorkerSet& set : sets) {
    const std::vector<int> part = (*set.workers.*numbers)();
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

// `reports`: of all of them, in their order.
void name_oom_kills(std::vector<WorkerReport>& reports, const RunningWorkers& workers, const OomKills& kills) {
  const std::vector<int> pids = workers.pids(), processes = workers.processes();
  for (std::size_t i = 0; i < reports.size(); ++i) {
    if (!reports[i].died()) continue;
    auto kill = kills.of(pids.at(i));
    // Threads have one process; it is what the kernel names.
    if (!kill && processes.size() == 1) kill = kills.of(processes.front());
    if (kill) reports[i].exit += fmt::format(" {}: give the guest more memory (`memory`)", kill->by());
  }
}

}  // namespace

bool is_within(std::string_view name, std::string_view above) {
  return name == above || (name.starts_with(above) && name.substr(above.size()).starts_with('/'));
}

std::string parent_of(const std::string& group) {
  const std::size_t slash = group.rfind('/');
  return slash == std::string::npos ? "" : group.substr(0, slash);
}

void WorkerSet::note_nice(int nice) {
  highest_nice = std::max(highest_nice, nice);
  lowest_nice = std::min(lowest_nice, nice);
}

void WorkerSet::note_policy(const SchedPolicy& policy) {
  using Kind = SchedPolicy::Kind;
  idle = idle || policy.kind == Kind::kIdle;
  realtime = realtime || policy.kind == Kind::kFifo || policy.kind == Kind::kRr || policy.kind == Kind::kDeadline;
}

void LiveCgroup::add(WorkerSet set) {
  if (std::any_of(sets.begin(), sets.end(), [&](const WorkerSet& other) { return overlap(set, other); })) {
    for (auto& [spawned, number] : set.groups) number = next_group++;
    set.first_index = next_index;
  }
  for (const auto& [spawned, number] : set.groups) next_group = std::max(next_group, number + 1);
  next_index = std::max(next_index, set.first_index + set.workers->count());
  if (cpuset) bound(set, *cpuset);
  sets.push_back(std::move(set));
}

void LiveCgroup::allow(const std::optional<CpuSet>& cpus) {
  for (WorkerSet& set : sets) {
    set.workers->set_allowed(cpus.value_or(CpuSet()));
    if (cpus) bound(set, *cpus);
  }
}

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
                            .step = step_});
}

Status Scope::create(const std::string& name) {
  KTSTR_TRY(cgroups_.create(name));
  live_.push_back({.name = name});
  return ok();
}

LiveCgroup* Scope::find(std::string_view name) {
  const auto found =
      std::find_if(live_.begin(), live_.end(), [&](const LiveCgroup& each) { return each.name == name; });
  return found == live_.end() ? nullptr : &*found;
}

LiveCgroup& Scope::outside() {
  if (LiveCgroup* place = find("")) return *place;
  return live_.emplace_back();
}

LivePayload* Scope::find_payload(std::string_view name, std::string_view cgroup) {
  const auto found = std::find_if(payloads_.begin(), payloads_.end(),
                                  [&](const LivePayload& each) { return each.name == name && each.cgroup == cgroup; });
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

bool Scope::has_quota(std::string_view name) const {
  return std::any_of(live_.begin(), live_.end(),
                     [&](const LiveCgroup& each) { return each.has_quota && is_within(name, each.name); }) ||
         (outer_ != nullptr && outer_->has_quota(name));
}

bool Scope::is_frozen(std::string_view name) const {
  return std::any_of(live_.begin(), live_.end(),
                     [&](const LiveCgroup& each) { return each.frozen && is_within(name, each.name); }) ||
         (outer_ != nullptr && outer_->is_frozen(name));
}

void Scope::update_holds() {
  for (LiveCgroup& group : live_)
    for (WorkerSet& set : group.sets) set.workers->set_frozen(is_frozen(group.name));
}

// A frozen task does not end.
void Scope::thaw(LiveCgroup& group, AssertResult& result) {
  if (!group.frozen) return;
  if (const Status thawed = ops_.freeze(group.name, false); !thawed)
    return note(group.name, "clean-up: it cannot be thawed: " + thawed.error().message(), result);
  group.frozen = false;
  update_holds();
}

void Scope::name_oom_kill(const LivePayload& payload, PayloadReport& report, const Findings& findings) const {
  if (const auto own = findings.oom.of(report.pid, payload.oom_since)) {
    report.oom_killed = true;
    report.killed = false;
    report.exit += " " + own->by();
  } else if (const auto other = findings.oom.of_others(payload.oom_since)) {
    report.oom_killed = true;
    note(report.cgroup,
         fmt::format("payload '{}': process {} ({}) was killed {} while it ran; give the guest more memory (`memory`), "
                     "or its cgroup a higher memory_max",
                     payload.name, other->pid, other->comm, other->by()),
         findings.result);
  }
}

void Scope::finish_payload(LivePayload& payload, PayloadReport report, PayloadKill why, const Findings& findings) {
  // What ended it, where a kill of its cgroup was on the way: one that crashed has crashed all the same.
  if (payload.killed && report.exit.starts_with("killed by signal 9 ")) report.killed = true;
  name_oom_kill(payload, report, findings);
  findings.events.payload(report);
  AssertResult judged = payload.running->judge(report, why);
  for (Detail& detail : judged.details) detail.step = step_;
  for (Checked& checked : judged.checked) checked.step = step_;
  findings.result.merge(std::move(judged));
  findings.result.payloads.push_back(std::move(report));
  payloads_.erase(payloads_.begin() + (&payload - payloads_.data()));
}

Status Scope::kill_payload(LivePayload& payload, PayloadKill why, const Findings& findings) {
  KTSTR_TRY_ASSIGN(PayloadReport report, payload.running->kill().context(fmt::format("payload '{}'", payload.name)));
  finish_payload(payload, std::move(report), why, findings);
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
Status Scope::stop(LiveCgroup& group, Nanoseconds deadline) {
  for (WorkerSet& set : group.sets)
    if (set.released) KTSTR_TRY(set.workers->stop(std::max(deadline - hooks_.now(), Nanoseconds(0))));
  return ok();
}

Result<std::vector<WorkerReport>> Scope::collect(LiveCgroup& group, const OomKills& kills) {
  std::vector<WorkerReport> reports;
  for (WorkerSet& set : group.sets) {
    // Workers that were never let go have nothing to report, and it is not the scheduler's fault.
    if (!set.released) continue;
    KTSTR_TRY_ASSIGN(std::vector<WorkerReport> part, set.workers->collect());
    name_oom_kills(part, *set.workers, kills);
    for (std::size_t i = 0; i < part.size(); ++i) {
      // Where it was last, and who it was there.
      part[i].cgroup = group.name;
      part[i].step = step_;
      part[i].spec = set.groups.at(part[i].spec);
      part[i].index = set.first_index + static_cast<int>(i);
      // Each has CPUs of its own, with other neighbours: nobody is its equal.
      constexpr int kApart = 1'000'000;
      if (set.apart) part[i].spec = kApart + part[i].index;
    }
    std::move(part.begin(), part.end(), std::back_inserter(reports));
  }
  return reports;
}

void Scope::judge(const LiveCgroup& group, const std::vector<WorkerReport>& reports, const Findings& findings) const {
  if (reports.empty()) return;
  for (const WorkerReport& report : reports) findings.events.worker(report);
  std::vector<CpuSet> cpusets;
  for (const WorkerSet& set : group.sets)
    for (const CpuSet& cpus : set.cpusets)
      if (std::find(cpusets.begin(), cpusets.end(), cpus) == cpusets.end()) cpusets.push_back(cpus);
  findings.result.merge(check_workers(findings.checks, {.step = step_,
                                                        .cgroup = group.name,
                                                        .cpusets = std::move(cpusets),
                                                        .workers = reports,
                                                        .has_quota = has_quota(group.name),
                                                        .crowding = group.crowding}));
  findings.result.cgroups.push_back(make_cgroup_stats(step_, group.name, group.cpuset, reports));
}

// Without the latencies, which may be many and tell nothing here.
void Scope::remember_share(const LiveCgroup& group, const std::vector<WorkerReport>& reports) {
  if (reports.empty()) return;
  ShareClient& client = share_clients_.emplace_back(ShareClient{group.name, group.cpuset, group.share, "", {}});
  for (const WorkerSet& set : group.sets)
    if (client.why_undefined.empty()) client.why_undefined = set.no_share;
  for (const WorkerReport& report : reports) {
    client.workers.push_back(report.without_latencies());
    if (report.was_held()) leave_shares_undefined(fmt::format("workers of {} were held", group.name));
  }
}

Status Scope::collect_and_judge(LiveCgroup& group, const Findings& findings) {
  auto reports = collect(group, findings.oom);
  if (reports) remember_share(group, *reports);
  const bool released = std::any_of(group.sets.begin(), group.sets.end(), [](const auto& set) { return set.released; });
  if (reports) judge(group, *reports, findings);
  group.sets.clear();
  if (reports) return ok();
  Error error = std::move(reports).error();
  error.context(group.name.empty() ? "the workers outside of the cgroups could not be collected"
                                   : fmt::format("cgroup '{}': its workers could not be collected", group.name));
  if (released) return error;
  note(group.name, "clean-up: " + error.message(), findings.result);
  return ok();
}

Status Scope::empty(LiveCgroup& group, const Findings& findings) {
  thaw(group, findings.result);
  request_stop(group);
  KTSTR_TRY(stop(group, hooks_.now() + kStopGrace));
  return collect_and_judge(group, findings);
}

Status Scope::remove(const std::string& name, const Findings& findings) {
  LiveCgroup* const group = find(name);
  if (group == nullptr) return fail(ErrorCode::kInvalidArgument, "there is no cgroup '{}' in {}", name, label_);
  KTSTR_TRY(empty(*group, findings));
  KTSTR_TRY(cgroups_.remove(name));
  live_.erase(live_.begin() + (group - live_.data()));
  return ok();
}

Status Scope::end_processes(const Findings& findings) {
  Status outcome = ok();
  const auto keep_first = [&](Status status) {
    if (!status && outcome) outcome = std::move(status);
  };
  for (LiveCgroup& group : live_) thaw(group, findings.result);
  while (!payloads_.empty()) {
    const std::size_t before = payloads_.size();
    LivePayload& newest = payloads_.back();
    // That nobody saw its end is said once.
    const PayloadKill why = newest.end_reported || newest.killed ? PayloadKill::kAsked : PayloadKill::kOutOfTime;
    Status killed = kill_payload(newest, why, findings);
    if (!killed && killed.error().code() == ErrorCode::kTimedOut) {
      findings.result.details.push_back(
          {.kind = DetailKind::kStuck, .message = in_one_line(killed.error()), .cgroup = newest.cgroup, .step = step_});
      killed = ok();
    }
    keep_first(std::move(killed));
    if (payloads_.size() == before) payloads_.pop_back();
  }
  if (hooks_.stalls)
    for (Detail& stall : hooks_.stalls()) {
      stall.step = step_;
      findings.result.details.push_back(std::move(stall));
    }
  for (LiveCgroup& group : live_) request_stop(group);
  const Nanoseconds deadline = hooks_.now() + kStopGrace;
  // All of those that do not stop are killed before the first of them is waited for.
  for (LiveCgroup& group : live_) keep_first(stop(group, deadline));
  for (LiveCgroup& group : live_) keep_first(collect_and_judge(group, findings));
  live_.clear();
  return outcome;
}

void Scope::put_back_machine(const Findings& findings) {
  for (const Error& error : machine_.restore()) note({}, "clean-up: " + error.message(), findings.result);
}

// Processes that have all been told to end and still keep their cgroup hang, or get no CPU to end on. That there are
// cgroups below which cannot be removed either, or somebody else's, is only what follows from something else.
void Scope::remove_cgroups(const Findings& findings) {
  for (const auto& [name, error] : cgroups_.close()) {
    if (error.code() != ErrorCode::kBusy) {
      note(name, "clean-up: " + error.message(), findings.result);
      continue;
    }
    findings.result.details.push_back(
        {.kind = DetailKind::kStuck, .message = error.message(), .cgroup = name, .step = step_});
  }
}

Status Scope::tear_down(const Findings& findings) {
  Status outcome = end_processes(findings);
  put_back_machine(findings);
  remove_cgroups(findings);
  return outcome;
}

}  // namespace ktstr
