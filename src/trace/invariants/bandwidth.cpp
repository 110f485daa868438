// SPDX-License-Identifier: Apache-2.0
#include "trace/invariants/bandwidth.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace ktstr {

namespace {

constexpr int kDeepestQuota = 64;
constexpr std::size_t kMostQuotas = 10'000;
constexpr std::size_t kMostQuotasLookedAt = 50'000'000;  // a guest that sets quotas without end is not judged any more
constexpr std::uint64_t kLongestCallNs = 1'000'000'000;  // who runs on for longer is in no system call
// Interrupts are a part of what the events call a task's run time, and not of what the kernel takes from a quota.
constexpr double kExcessLeak = 1.25, kLackFill = 0.5;
// What kernel/sched refuses to take for a period or a quota.
constexpr std::uint64_t kLeastPeriodNs = 1'000'000, kLongestPeriodNs = 1'000'000'000;

bool is_taken(const trace::Quota& event) {
  const std::uint64_t most = UINT64_MAX / std::max(event.unit, 1U);
  if (event.period > most || event.quota > most || event.burst > event.quota) return false;
  const std::uint64_t period = event.period * event.unit;
  return period >= kLeastPeriodNs && period <= kLongestPeriodNs && event.quota * event.unit >= kLeastPeriodNs;
}

// 1000 * UINT64_MAX, or that without what was lost in the division.
bool is_none(const trace::Quota& event) { return event.quota >= UINT64_MAX / 1000; }

int cpus_in(const CpuBits& mask) {
  int count = 0;
  for (const std::uint64_t word : mask) count += std::popcount(word);
  return count;
}

}  // namespace

double Bandwidth::limit(const Quota& quota) const {
  // At the beginning all of a period may be left, and the next one may begin at once.
  return 2 * quota.quota_ns + quota.burst_ns + static_cast<double>(late_ns_) * std::max(cpus_in(quota.cpus), 1);
}

void Bandwidth::after(const TraceEvent& event, const Moment& moment, BreachSink& sink) {
  begin(moment);
  if (event.kind == TraceKind::kQuota) set(event_as<trace::Quota>(event), moment, sink);
  if (quotas_.empty()) return;
  for_each_concerned(event, moment.now, [&](std::int32_t pid) { follow(pid, moment, sink); });
  if (event.kind == TraceKind::kSwitch) follow(event_as<trace::Switch>(event).next, moment, sink);
}

void Bandwidth::begin(const Moment& moment) {
  if (judged_from_ns_ >= moment.judged_from_ns) return;
  judged_from_ns_ = moment.judged_from_ns;
  for (auto& [group, quota] : quotas_) {
    quota.excess = quota.lack = {};
    quota.settled_ns = std::max(quota.settled_ns, judged_from_ns_);
  }
}

void Bandwidth::set(const trace::Quota& event, const Moment& moment, BreachSink& sink) {
  if ((!is_none(event) && !is_taken(event)) || looked_at_ >= kMostQuotasLookedAt) return;
  looked_at_ += moment.now.tasks().size();
  if (looked_at_ >= kMostQuotasLookedAt) return give_up();
  for (auto& [group, quota] : quotas_) settle(group, quota, moment, sink);
  for (const auto& [pid, one] : tasks_) count(pid, one, -1);
  tasks_.clear();
  if (const auto found = quotas_.find(event.cgroup); found != quotas_.end()) {
    empty(found->first, found->second, found->second.excess, moment, sink);
    empty(found->first, found->second, found->second.lack, moment, sink);
    quotas_.erase(found);
  }
  if (!is_none(event) && quotas_.size() < kMostQuotas) {
    const auto quota_ns = static_cast<double>(event.quota * event.unit);
    quotas_[event.cgroup] = {.rate = quota_ns / static_cast<double>(event.period * event.unit),
                             .quota_ns = quota_ns,
                             .burst_ns = static_cast<double>(event.burst * event.unit),
                             .settled_ns = moment.at_ns};
  }
  if (quotas_.empty()) return;
  for (const auto& [pid, task] : moment.now.tasks()) follow(pid, moment, sink);
}

void Bandwidth::give_up() {
  quotas_.clear();
  tasks_.clear();
}

Bandwidth::Of Bandwidth::of(std::int32_t pid, const Scheduling& now) const {
  const TaskNow* const task = now.task(pid);
  if (task == nullptr || pid == 0) return {};
  if (task->sched_class != SchedClass::kFair && (!of_ext_ || task->sched_class != SchedClass::kExt)) return {};
  Of one{.cpu = task->cpu};
  const bool is_throttled = now.is_throttled(task->cgroup, task->cpu);
  if (task->phase == TaskPhase::kRunning) one.does = is_throttled ? Does::kRunsOn : Does::kRuns;
  if (task->phase == TaskPhase::kWaiting) one.does = is_throttled ? Does::kIsKeptOff : Does::kWaits;
  if (one.does == Does::kNothing) return {};
  std::uint64_t group = task->cgroup;
  for (int level = 0; level < kDeepestQuota && group != 0; ++level, group = now.parent_of(group))
    if (quotas_.contains(group)) one.groups.push_back(group);
  if (one.groups.empty()) return {};
  // By which of several quotas a task is kept off is not known.
  if (one.does == Does::kIsKeptOff && one.groups.size() > 1) one.does = Does::kWaits;
  return one;
}

void Bandwidth::follow(std::int32_t pid, const Moment& moment, BreachSink& sink) {
  Of now = of(pid, moment.now);
  const auto found = tasks_.find(pid);
  if (found == tasks_.end() ? now.does == Does::kNothing : found->second == now) return;
  if (found != tasks_.end()) {
    for (const std::uint64_t group : found->second.groups)
      if (const auto quota = quotas_.find(group); quota != quotas_.end()) settle(group, quota->second, moment, sink);
    count(pid, found->second, -1);
    tasks_.erase(found);
  }
  if (now.does == Does::kNothing) return;
  for (const std::uint64_t group : now.groups) settle(group, quotas_.at(group), moment, sink);
  count(pid, now, 1);
  tasks_.emplace(pid, std::move(now));
}

void Bandwidth::count(std::int32_t pid, const Of& one, int change) {
  for (const std::uint64_t group : one.groups) {
    const auto found = quotas_.find(group);
    if (found == quotas_.end()) continue;
    Quota& quota = found->second;
    std::uint32_t& into = one.does == Does::kRuns        ? quota.runs
                          : one.does == Does::kRunsOn    ? quota.runs_on
                          : one.does == Does::kIsKeptOff ? quota.kept_off
                                                         : quota.waits;
    into += static_cast<std::uint32_t>(change);
    if (one.does == Does::kRunsOn) quota.owed[one.cpu].runs = change > 0;
    if (change < 0) continue;
    if (one.does == Does::kIsKeptOff) quota.kept_off_last = pid;
    if (one.does != Does::kRuns && one.does != Does::kRunsOn) continue;
    quota.ran_last = pid;
    if (const auto owed = quota.owed.find(one.cpu); owed != quota.owed.end() && one.does == Does::kRuns)
      call_in(quota, owed->second);
    if (one.cpu < quota.cpus.size() * 64) quota.cpus[one.cpu / 64] |= std::uint64_t{1} << (one.cpu % 64);
  }
}

void Bandwidth::settle_owed(Quota& quota, std::uint64_t passed_ns) {
  for (auto& [cpu, owed] : quota.owed) {
    if (owed.level == 0 && !owed.runs) continue;
    if (owed.level == 0) owed = {.from_ns = quota.settled_ns, .runs = owed.runs};
    if (owed.runs) owed.ran_ns += passed_ns;
    const auto passed = static_cast<double>(passed_ns);
    owed.level = std::max(0.0, owed.level + (owed.runs ? passed : 0) - kExcessLeak * quota.rate * passed);
    if (owed.runs && owed.ran_ns > kLongestCallNs) call_in(quota, owed);
  }
}

void Bandwidth::call_in(Quota& quota, Owed& owed) {
  if (owed.level > 0) {
    if (quota.due.ran_ns == 0) quota.due.from_ns = owed.from_ns;
    quota.due.level += owed.level;
    quota.due.ran_ns += owed.ran_ns;
  }
  owed = {.runs = owed.runs};
}

// What has come of how it was until now.
void Bandwidth::settle(std::uint64_t group, Quota& quota, const Moment& moment, BreachSink& sink) const {
  if (moment.at_ns <= quota.settled_ns) return;
  const auto passed = static_cast<double>(moment.at_ns - quota.settled_ns);
  const double ran_freely = quota.runs * passed, ran = ran_freely + quota.runs_on * passed;
  settle_owed(quota, moment.at_ns - quota.settled_ns);
  const bool is_held = quota.kept_off > 0 && quota.runs + quota.runs_on == 0 && quota.waits == 0;
  // Only the time after it has paid.
  const double paid = is_held ? std::max(passed - std::max(quota.debt, 0.0) / quota.rate, 0.0) : 0;
  quota.debt = std::max(0.0, quota.debt + ran - quota.rate * passed);
  quota.settled_ns = moment.at_ns;
  if (ran > 0 && !quota.is_compared) {
    sink.note_compared(Invariant::kBandwidth);
    quota.is_compared = true;
  }
  auto fill = [&](Bucket& bucket, double by, std::uint64_t from_ns, double ran_ns, std::int32_t pid) {
    if (bucket.level == 0 && by > 0) bucket = {.from_ns = from_ns};
    bucket.level += by;
    if (bucket.level <= 0) return empty(group, quota, bucket, moment, sink);
    bucket.ran_ns += static_cast<std::uint64_t>(ran_ns);
    if (bucket.level <= bucket.most) return;
    bucket.most = bucket.level;
    bucket.most_at_ns = moment.at_ns;
    bucket.ran_at_most_ns = bucket.ran_ns;
    bucket.pid = pid;
  };
  const Owed due = std::exchange(quota.due, {});
  fill(quota.excess, ran_freely + due.level - kExcessLeak * quota.rate * passed,
       due.ran_ns > 0 ? due.from_ns : moment.at_ns - static_cast<std::uint64_t>(passed),
       ran_freely + static_cast<double>(due.ran_ns), quota.ran_last);
  fill(quota.lack, kLackFill * quota.rate * paid - ran, moment.at_ns - static_cast<std::uint64_t>(paid), ran,
       quota.kept_off_last);
}

void Bandwidth::empty(std::uint64_t group, const Quota& quota, Bucket& bucket, const Moment& moment,
                      BreachSink& sink) const {
  if (bucket.most > limit(quota)) {
    const bool is_below = &bucket == &quota.lack;
    const auto allowed =
        static_cast<std::uint64_t>(quota.rate * static_cast<double>(bucket.most_at_ns - bucket.from_ns));
    const TaskNow* const task = moment.now.task(bucket.pid);
    const std::uint64_t ran = bucket.ran_at_most_ns;
    sink.report(Invariant::kBandwidth, {.pid = bucket.pid,
                                        .cpu = task == nullptr ? std::uint16_t{0} : task->cpu,
                                        .from_ns = bucket.from_ns,
                                        .to_ns = bucket.most_at_ns,
                                        .amount = std::max(allowed, ran) - std::min(allowed, ran),
                                        .own = ran,
                                        .group = group,
                                        .is_below = is_below});
  }
  bucket = {};
}

void Bandwidth::end(const Moment& moment, BreachSink& sink) {
  begin(moment);
  for (auto& [group, quota] : quotas_) {
    settle(group, quota, moment, sink);
    empty(group, quota, quota.excess, moment, sink);
    empty(group, quota, quota.lack, moment, sink);
  }
}

}  // namespace ktstr
