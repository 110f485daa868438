// SPDX-License-Identifier: Apache-2.0
#include "trace/invariants.h"

#include <algorithm>

namespace ktstr {

namespace {

constexpr EnumName<Invariant> kInvariants[] = {
    {Invariant::kWorkConservation, "work_conservation"},
    {Invariant::kWaitAge, "wait_age"},
    {Invariant::kAllowedCpu, "allowed_cpu"},
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

constexpr std::uint32_t kMostCpus = 256;  // that a mask has room for
constexpr CpuMask kEverywhere = {~0ULL, ~0ULL, ~0ULL, ~0ULL};

CpuMask both(const CpuMask& a, const CpuMask& b) {
  CpuMask common;
  for (std::size_t i = 0; i < common.size(); ++i) common[i] = a[i] & b[i];
  return common;
}
bool is_empty(const CpuMask& mask) {
  return std::all_of(mask.begin(), mask.end(), [](auto word) { return word == 0; });
}

}  // namespace

EnumNames<Invariant> names_of(Invariant) { return names_from<kInvariants>(); }

Invariants::Invariants(const InvariantLimits& limits)
    : results_{{.invariant = Invariant::kWorkConservation, .limit_ns = limits.idle_wait_ns},
               {.invariant = Invariant::kWaitAge, .limit_ns = limits.wait_ns},
               {.invariant = Invariant::kAllowedCpu, .limit_ns = 0}} {}

// What waits began before counts from here on.
void Invariants::begin(std::uint64_t at_ns) {
  judged_from_ = at_ns;
  for (auto& [pid, wait] : waiting_) {
    wait.since_ns = std::max(wait.since_ns, at_ns);
    if (wait.idle_since_ns) wait.idle_since_ns = std::max(*wait.idle_since_ns, at_ns);
  }
}

void Invariants::end(std::uint64_t at_ns) {
  if (!judged_from_ || over_) return;
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
}

void Invariants::before(const Transition& transition) {
  if (transition.before.phase == TaskPhase::kWaiting) end_wait(transition.pid, transition.at_ns);
  if (transition.after == TaskPhase::kWaiting) changed_.push_back(transition.pid);
  if (transition.after != TaskPhase::kRunning || transition.before.may_run_on(transition.cpu)) return;
  report(Invariant::kAllowedCpu, {.pid = transition.pid,
                                  .cpu = transition.cpu,
                                  .from_ns = transition.at_ns,
                                  .to_ns = transition.at_ns,
                                  .idle = {},
                                  .allowed = *transition.before.mask});
}

void Invariants::after(const TraceEvent& event) {
  for (const std::int32_t pid : changed_) note_waiting(pid);
  if (!concerns_all(event.kind)) return;
  note_idle();
  // On a busy machine nothing changes by most events.
  if (is_empty(idle_) && waits_beside_idle_ == 0) return;
  for (auto& [pid, wait] : waiting_) look_at_idle(pid, wait);
}

void Invariants::note_idle() {
  idle_ = {};
  const std::vector<CpuNow>& cpus = now_.cpus();
  for (std::uint32_t cpu = 0; cpu < cpus.size() && cpu < kMostCpus; ++cpu)
    if (cpus[cpu].known && cpus[cpu].online && cpus[cpu].current == 0)
      idle_[cpu / 64] |= std::uint64_t{1} << (cpu % 64);
}

void Invariants::note_waiting(std::int32_t pid) {
  Wait& wait = waiting_[pid];
  wait = {.since_ns = now_.now_ns(), .idle_since_ns = {}, .idle = {}};
  if (judged_from_) wait.since_ns = std::max(wait.since_ns, *judged_from_);
}

// One that is kept from running, by a quota or because its class has it on no queue, is not the scheduler's to run.
bool Invariants::may_be_run(const TaskNow& task) const {
  return task.queued && !now_.is_throttled(task.cgroup, task.cpu);
}

void Invariants::look_at_idle(std::int32_t pid, Wait& wait) {
  const TaskNow* const task = now_.task(pid);
  CpuMask idle{};
  if (task != nullptr && may_be_run(*task)) idle = both(idle_, task->mask.value_or(kEverywhere));
  for (std::size_t i = 0; i < idle.size(); ++i) wait.idle[i] |= idle[i];
  if (!is_empty(idle) == wait.idle_since_ns.has_value()) return;
  if (is_empty(idle)) return end_idle(pid, wait, now_.now_ns());
  ++waits_beside_idle_;
  wait.idle_since_ns = std::max(now_.now_ns(), judged_from_.value_or(0));
}

void Invariants::end_idle(std::int32_t pid, Wait& wait, std::uint64_t at_ns) {
  if (!wait.idle_since_ns) return;
  const TaskNow* const task = now_.task(pid);
  const std::uint64_t to = std::max(at_ns, *wait.idle_since_ns);
  report(Invariant::kWorkConservation, {.pid = pid,
                                        .cpu = task != nullptr ? task->cpu : std::uint16_t{0},
                                        .from_ns = *wait.idle_since_ns,
                                        .to_ns = to,
                                        .idle = wait.idle,
                                        .allowed = task != nullptr ? task->mask.value_or(kEverywhere) : kEverywhere});
  --waits_beside_idle_;
  wait.idle_since_ns.reset();
  wait.idle = {};
}

void Invariants::end_wait(std::int32_t pid, std::uint64_t at_ns) {
  const auto found = waiting_.find(pid);
  if (found == waiting_.end()) return;
  end_idle(pid, found->second, at_ns);
  const TaskNow* const task = now_.task(pid);
  if (task != nullptr && may_be_run(*task))
    report(Invariant::kWaitAge, {.pid = pid,
                                 .cpu = task->cpu,
                                 .from_ns = found->second.since_ns,
                                 .to_ns = std::max(at_ns, found->second.since_ns),
                                 .idle = {},
                                 .allowed = task->mask.value_or(kEverywhere)});
  waiting_.erase(found);
}

void Invariants::report(Invariant invariant, const Breach& breach) {
  if (!judged_from_ || over_) return;
  InvariantResult& into = result(invariant);
  ++into.seen;
  into.total_ns += breach.length_ns();
  if (breach.length_ns() > into.limit_ns || into.limit_ns == 0) ++into.too_long;
  if (!into.worst || breach.length_ns() > into.worst->length_ns()) into.worst = breach;
}

}  // namespace ktstr
