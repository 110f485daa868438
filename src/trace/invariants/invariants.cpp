// SPDX-License-Identifier: Apache-2.0
#include "trace/invariants/invariants.h"

#include <algorithm>
#include <bit>

#include "trace/invariants/bandwidth.h"
#include "trace/invariants/long_slice.h"
#include "trace/invariants/needless_moves.h"
#include "trace/invariants/queue_depth.h"
#include "trace/invariants/starvation.h"
#include "trace/invariants/weights.h"

namespace ktstr {

namespace {

constexpr EnumName<Invariant> kInvariants[] = {
    {Invariant::kWorkConservation, "work_conservation"},
    {Invariant::kWaitAge, "wait_age"},
    {Invariant::kAllowedCpu, "allowed_cpu"},
    {Invariant::kStarvation, "starvation"},
    {Invariant::kLostTask, "lost_task"},
    {Invariant::kMaxSlice, "max_slice"},
    {Invariant::kPingPong, "ping_pong"},
    {Invariant::kWeightOrder, "weight_order"},
    {Invariant::kWeightShare, "weight_share"},
    {Invariant::kBandwidth, "bandwidth"},
    {Invariant::kQueueDepth, "queue_depth"},
};

// Whether what may be idle has changed with it.
bool concerns_all(TraceKind kind) {
  switch (kind) {
    case TraceKind::kSwitch:
    case TraceKind::kCpuSeen:
    case TraceKind::kCpuOnline:
    case TraceKind::kCpuOffline:
    case TraceKind::kThrottle:
    case TraceKind::kUnthrottle:
    case TraceKind::kAffinity:
    case TraceKind::kDequeue:
    case TraceKind::kEnqueue:
      return true;
    default:
      return false;
  }
}

constexpr std::uint32_t kMostCpusInMask = 256;  // that a mask has room for
constexpr CpuBits kEverywhere = {~0ULL, ~0ULL, ~0ULL, ~0ULL};

CpuBits both(const CpuBits& a, const CpuBits& b) {
  CpuBits common;
  for (std::size_t i = 0; i < common.size(); ++i) common[i] = a[i] & b[i];
  return common;
}
bool is_empty(const CpuBits& mask) {
  return std::all_of(mask.begin(), mask.end(), [](auto word) { return word == 0; });
}

}  // namespace

EnumNames<Invariant> names_of(Invariant) { return names_from<kInvariants>(); }

bool may_be_run(const TaskNow& task, const Scheduling& now) {
  return task.sched_class != SchedClass::kDeadline && task.queued && !now.is_throttled(task.cgroup, task.cpu);
}

bool is_above(const Rank& one, const Rank& other) {
  const bool one_idles = one.policy == kSchedIdle, other_idles = other.policy == kSchedIdle;
  if (one_idles || other_idles) return !one_idles && other_idles;
  return one.nice < other.nice;
}

const std::vector<TraceKind>& kinds_needed(Invariant invariant) {
  using enum TraceKind;
  static const std::vector<TraceKind> of_waits = {kSwitch,     kEnqueue,  kDequeue,    kFork,      kAffinity,
                                                  kCgroupMove, kThrottle, kUnthrottle, kCpuOnline, kCpuOffline};
  static const std::vector<TraceKind> of_places = {kSwitch, kFork, kAffinity};
  static const std::vector<TraceKind> of_moves = {kSwitch, kDequeue, kFork, kAffinity, kCpuOnline, kCpuOffline};
  static const std::vector<TraceKind> of_queues = [] {
    std::vector<TraceKind> all = of_waits;
    all.insert(all.end(), {kDsqInsert, kDsqInsertVtime, kDsqMove});
    return all;
  }();
  static const std::vector<TraceKind> of_quotas = [] {
    std::vector<TraceKind> all = of_waits;
    all.push_back(kQuota);
    return all;
  }();
  static const std::vector<TraceKind> of_shares = [] {
    std::vector<TraceKind> all = of_waits;
    all.push_back(kYield);
    return all;
  }();
  switch (invariant) {
    case Invariant::kWeightShare:
      return of_shares;
    case Invariant::kAllowedCpu:
      return of_places;
    case Invariant::kPingPong:
      return of_moves;
    case Invariant::kLostTask:
    case Invariant::kQueueDepth:
      return of_queues;
    case Invariant::kBandwidth:
      return of_quotas;
    default:
      return of_waits;
  }
}

Invariants::Invariants(const InvariantLimits& limits)
    : limits_(limits),
      harness_prio_(limits.harness_prio),
      results_{{.invariant = Invariant::kWorkConservation, .limit = limits.idle_wait_ns},
               {.invariant = Invariant::kWaitAge, .limit = limits.wait_ns},
               {.invariant = Invariant::kAllowedCpu, .limit = 0},
               {.invariant = Invariant::kStarvation, .limit = limits.starved_ns},
               {.invariant = Invariant::kLostTask, .limit = limits.starved_ns},
               {.invariant = Invariant::kMaxSlice, .limit = limits.slice_ns},
               {.invariant = Invariant::kPingPong, .limit = limits.moves},
               {.invariant = Invariant::kWeightOrder, .limit = 0},
               {.invariant = Invariant::kWeightShare, .limit = 0},
               {.invariant = Invariant::kBandwidth, .limit = 0},
               {.invariant = Invariant::kQueueDepth, .limit = limits.queue_depth}} {
  if (limits.starved_ns > 0) watches_.push_back(std::make_unique<Starvation>(limits.starved_ns));
  if (limits.slice_ns > 0) watches_.push_back(std::make_unique<LongSlice>(limits.slice_ns));
  if (limits.moves > 0) watches_.push_back(std::make_unique<NeedlessMoves>());
  if (limits.weight_order || limits.weight_share)
    watches_.push_back(
        std::make_unique<Weights>(Weights::Judged{limits.weight_order, limits.weight_share}, limits.weight_slice_ns));
  if (limits.bandwidth)
    watches_.push_back(std::make_unique<Bandwidth>(limits.bandwidth_of_ext, limits.bandwidth_late_ns));
  if (limits.queue_depth > 0) watches_.push_back(std::make_unique<QueueDepth>(limits.queue_depth));
}

// What waits began before counts from here on.
void Invariants::begin(std::uint64_t at_ns) {
  judged_from_ = at_ns;
  for (auto& [pid, wait] : waiting_) wait.since_ns = std::max(wait.since_ns, at_ns);
  for (auto& [cpu, one] : idle_since_) one.since_ns = std::max(one.since_ns, at_ns);
}

void Invariants::end(std::uint64_t at_ns) {
  if (!judged_from_ || over_) return;
  for (const auto& [cpu, one] : idle_since_) end_idle(cpu, one, at_ns);
  for (const auto& watch : watches_) watch->end(moment(at_ns), *this);
  std::vector<std::int32_t> left;
  for (const auto& [pid, wait] : waiting_) left.push_back(pid);
  for (const std::int32_t pid : left) end_wait(pid, at_ns);
  over_ = true;
}

void Invariants::add(const TraceEvent& event) {
  if (over_) return;
  changed_.clear();
  now_.add(event, [this](const Transition& transition) { before(transition); });
  after(event);
  for (const auto& watch : watches_) watch->after(event, moment(now_.now_ns()), *this);
}

void Invariants::before(const Transition& transition) {
  for (const auto& watch : watches_) watch->before(transition, moment(transition.at_ns), *this);
  if (transition.before.phase == TaskPhase::kWaiting) end_wait(transition.pid, transition.at_ns);
  if (transition.after == TaskPhase::kWaiting) changed_.push_back(transition.pid);
  if (transition.after != TaskPhase::kRunning || transition.before.may_run_on(transition.cpu) ||
      transition.before.excused == transition.cpu)
    return;
  report(Invariant::kAllowedCpu,
         {.pid = transition.pid, .cpu = transition.cpu, .from_ns = transition.at_ns, .to_ns = transition.at_ns});
}

void Invariants::after(const TraceEvent& event) {
  for (const std::int32_t pid : changed_) note_waiting(pid);
  if (event.kind == TraceKind::kThrottle || event.kind == TraceKind::kUnthrottle)
    for (auto& [pid, wait] : waiting_) look_at_wait(pid, wait);
  if (event.kind == TraceKind::kEnqueue || event.kind == TraceKind::kDequeue) {
    // Both have the task first.
    const auto found = waiting_.find(event_as<trace::Enqueue>(event).pid);
    if (found != waiting_.end()) look_at_wait(found->first, found->second);
  }
  if (concerns_all(event.kind)) look_at_idle_cpus();
}

void Invariants::look_at_idle_cpus() {
  const CpuBits idle = idle_cpus();
  // On a busy machine nothing changes by most events.
  if (is_empty(idle) && idle_since_.empty()) return;
  CpuBits wanted{};
  for (const auto& [pid, wait] : waiting_) {
    if (wait.kept_off || is_behind_harness(pid)) continue;
    const CpuBits mask = mask_of(pid);
    for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] |= mask[i];
  }
  for (auto one = idle_since_.begin(); one != idle_since_.end();) {
    auto& [cpu, stretch] = *one;
    if (goes_on(cpu, stretch, has_cpu(wanted, cpu), has_cpu(idle, cpu))) {
      ++one;
      continue;
    }
    end_idle(cpu, stretch, now_.now_ns());
    one = idle_since_.erase(one);
  }
  wanted = both(wanted, idle);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    for (std::uint64_t word = wanted[i]; word != 0; word &= word - 1) {
      const auto cpu = static_cast<std::uint32_t>(i * 64) + static_cast<std::uint32_t>(std::countr_zero(word));
      IdleCpu& one = idle_since_[cpu];
      if (one.pid == 0) one.since_ns = std::max(now_.now_ns(), judged_from_.value_or(0));
      if (!waits_for(one.pid, cpu)) note_waits_for(one, oldest_for(cpu));
    }
  }
}

bool Invariants::goes_on(std::uint32_t cpu, IdleCpu& one, bool is_wanted, bool is_idle) {
  if (!is_wanted || !now_.cpus()[cpu].online) return false;
  if (is_idle) return one.breaks.end(now_.now_ns(), one.since_ns);
  one.breaks.begin(now_.now_ns());
  return !one.breaks.is_too_long(now_.now_ns());
}

void Invariants::note_waits_for(IdleCpu& one, std::int32_t pid) const {
  const std::uint64_t waited = now_.now_ns() - std::min(std::max(one.pid_since_ns, one.since_ns), now_.now_ns());
  if (one.pid != 0 && waited >= one.longest_ns) {
    one.waited_longest = one.pid;
    one.longest_ns = waited;
  }
  one.pid = pid;
  one.pid_since_ns = now_.now_ns();
}

CpuBits Invariants::mask_of(std::int32_t pid) const {
  const TaskNow* const task = now_.task(pid);
  return task == nullptr ? CpuBits{} : task->mask.value_or(kEverywhere);
}

bool Invariants::is_behind_harness(std::int32_t pid) const {
  const TaskNow* const task = now_.task(pid);
  if (task == nullptr || task->sched_class != SchedClass::kExt || task->cpu >= now_.cpus().size()) return false;
  const bool is_local = !task->dsq || *task->dsq == kLocalDsq || is_local_on(*task->dsq);
  const CpuNow& cpu = now_.cpus()[task->cpu];
  return is_local && cpu.known && cpu.current != 0 && cpu.prio >= 0 && cpu.prio <= harness_prio_;
}

bool Invariants::waits_for(std::int32_t pid, std::uint32_t cpu) const {
  const auto found = waiting_.find(pid);
  return found != waiting_.end() && !found->second.kept_off && has_cpu(mask_of(pid), cpu) && !is_behind_harness(pid);
}

std::int32_t Invariants::oldest_for(std::uint32_t cpu) const {
  std::int32_t oldest = 0;
  std::uint64_t since = UINT64_MAX;
  for (const auto& [pid, wait] : waiting_) {
    if (wait.since_ns >= since || !waits_for(pid, cpu)) continue;
    oldest = pid;
    since = wait.since_ns;
  }
  return oldest;
}

CpuBits Invariants::idle_cpus() const {
  CpuBits idle{};
  const std::vector<CpuNow>& cpus = now_.cpus();
  for (std::uint32_t cpu = 0; cpu < cpus.size() && cpu < kMostCpusInMask; ++cpu)
    if (cpus[cpu].known && cpus[cpu].online && cpus[cpu].current == 0) idle[cpu / 64] |= std::uint64_t{1} << (cpu % 64);
  return idle;
}

void Invariants::note_waiting(std::int32_t pid) {
  Wait& wait = waiting_[pid];
  wait = {.since_ns = std::max(now_.now_ns(), judged_from_.value_or(0))};
  look_at_wait(pid, wait);
}

void Invariants::look_at_wait(std::int32_t pid, Wait& wait) {
  const TaskNow* const task = now_.task(pid);
  const bool kept_off = task == nullptr || !may_be_run(*task, now_);
  if (kept_off == wait.kept_off) return;
  if (kept_off) report_wait(pid, wait, now_.now_ns());
  wait = {.since_ns = std::max(now_.now_ns(), judged_from_.value_or(0)), .kept_off = kept_off};
}

void Invariants::end_idle(std::uint32_t cpu, const IdleCpu& one, std::uint64_t at_ns) {
  const std::uint64_t end_ns = one.breaks.is_in_one() ? one.breaks.since_ns() : at_ns;
  const std::uint64_t waited = end_ns - std::min(std::max(one.pid_since_ns, one.since_ns), end_ns);
  report(Invariant::kWorkConservation, {.pid = waited >= one.longest_ns ? one.pid : one.waited_longest,
                                        .cpu = static_cast<std::uint16_t>(cpu),
                                        .from_ns = one.since_ns,
                                        .to_ns = std::max(end_ns, one.since_ns)});
}

void Invariants::end_wait(std::int32_t pid, std::uint64_t at_ns) {
  const auto found = waiting_.find(pid);
  if (found == waiting_.end()) return;
  if (!found->second.kept_off) report_wait(pid, found->second, at_ns);
  waiting_.erase(found);
}

void Invariants::report_wait(std::int32_t pid, const Wait& wait, std::uint64_t at_ns) {
  const TaskNow* const task = now_.task(pid);
  report(Invariant::kWaitAge, {.pid = pid,
                               .cpu = task != nullptr ? task->cpu : std::uint16_t{0},
                               .from_ns = wait.since_ns,
                               .to_ns = std::max(at_ns, wait.since_ns)});
}

bool Invariants::is_too_long(Invariant invariant, const Breach& breach) const {
  const std::uint64_t limit = results_[static_cast<std::size_t>(invariant)].limit, size = breach.size();
  if (limit == 0 || size <= limit) return limit == 0;
  std::uint64_t without_ns = 0;
  for (const auto& [from_ns, to_ns] : limits_.without_ns)
    if (breach.from_ns < to_ns && breach.to_ns > from_ns)
      without_ns += std::min(breach.to_ns, to_ns) - std::max(breach.from_ns, from_ns);
  if (without_ns == 0 || size - std::min(size, without_ns) > limit) return true;
  if (invariant == Invariant::kWorkConservation) return size > limits_.idle_wait_without_ns;
  if (invariant == Invariant::kStarvation) return size > limits_.starved_without_ns;
  return invariant != Invariant::kLostTask;
}

void Invariants::report(Invariant invariant, const Breach& breach) {
  if (!judged_from_ || over_) return;
  InvariantResult& into = result(invariant);
  ++into.seen;
  const bool had_one = into.too_long > 0;
  if (is_too_long(invariant, breach))
    ++into.too_long;
  else if (had_one || breach.size() > into.limit)
    return;  // what is too long is worse, whatever its size
  if (!into.worst || (into.too_long == 1 && !had_one) || breach.size() > into.worst->size()) into.worst = breach;
}

void Invariants::note_compared(Invariant invariant) {
  if (judged_from_ && !over_) ++result(invariant).compared;
}

}  // namespace ktstr
