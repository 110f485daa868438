// SPDX-License-Identifier: Apache-2.0
#include "trace/invariants/starvation.h"

#include <algorithm>

namespace ktstr {

namespace {

constexpr std::size_t kLeastKept = 4096, kMostKept = 1'000'000;

bool is_of_one_cpu(std::uint64_t dsq) { return dsq == kLocalDsq || is_local_on(dsq); }

// Of real-time and deadline tasks one may rightly run for ever.
bool takes_turns(const Rank& rank) {
  return rank.sched_class == SchedClass::kFair || rank.sched_class == SchedClass::kExt;
}

}  // namespace

void Starvation::before(const Transition& transition, const Moment& moment, BreachSink& sink) {
  if (transition.before.phase == TaskPhase::kRunning) note_ran(transition);
  if (transition.before.phase != TaskPhase::kWaiting) return;
  const auto found = waits_.find(transition.pid);
  if (found == waits_.end()) return;
  judge(found->first, found->second, moment, sink);
  waits_.erase(found);
}

void Starvation::after(const TraceEvent& event, const Moment& moment, BreachSink& sink) {
  if (event.kind == TraceKind::kSwitch) class_times_.follow(event.cpu, moment.now);
  if (event.kind == TraceKind::kEnqueue || event.kind == TraceKind::kDequeue)
    class_times_.follow(event_as<trace::Enqueue>(event).cpu, moment.now);  // both have the task and the CPU first
  for_each_concerned(event, moment.now, [&](std::int32_t pid) { follow(pid, moment, sink); });
}

void Starvation::end(const Moment& moment, BreachSink& sink) {
  for (const auto& [pid, wait] : waits_) judge(pid, wait, moment, sink);
}

void Starvation::note_ran(const Transition& transition) {
  const auto& rank = transition.before.rank;
  // Before that it had another rank.
  const std::uint64_t since = std::max(transition.before.since_ns, transition.before.steady_ns);
  if (!rank || !takes_turns(*rank) || transition.at_ns <= since) return;
  ran_[{rank->group, rank->cgroup, rank->sched_class, rank->policy}].push_back({.pid = transition.pid,
                                                                                .cpu = transition.before.cpu,
                                                                                .from_ns = since,
                                                                                .to_ns = transition.at_ns,
                                                                                .rank = *rank});
  if (++kept_ >= prune_at_) prune();
}

void Starvation::prune() {
  std::uint64_t oldest = UINT64_MAX;
  for (const auto& [pid, wait] : waits_) oldest = std::min(oldest, wait.since_ns);
  kept_ = 0;
  for (auto& [peers, all] : ran_) {
    while (!all.empty() && all.front().to_ns <= oldest) all.pop_front();
    kept_ += all.size();
  }
  std::erase_if(ran_, [](const auto& one) { return one.second.empty(); });
  // A guest that does not end to switch must not fill the host's memory: what is forgotten starves nobody.
  for (auto one = ran_.begin(); kept_ > kMostKept && one != ran_.end(); ++one) {
    kept_ -= one->second.size();
    one->second.clear();
  }
  prune_at_ = std::max(kLeastKept, 2 * kept_);
}

void Starvation::start(std::int32_t pid, const TaskNow& task, const Moment& moment) {
  waits_[pid] = {.since_ns = moment.at_ns,
                 .cpu = task.cpu,
                 .above_ns = class_times_.above(task.cpu, task.rank->sched_class, moment.at_ns),
                 .only_cpu = task.dsq && is_of_one_cpu(*task.dsq),
                 .in_queue = task.rank->sched_class != SchedClass::kExt || task.dsq.has_value(),
                 .rank = *task.rank,
                 .mask = moment.now.usable_cpus(task)};
}

// What has changed ends the wait that was, and begins another one.
void Starvation::follow(std::int32_t pid, const Moment& moment, BreachSink& sink) {
  const TaskNow* const task = moment.now.task(pid);
  const bool waits = task != nullptr && task->phase == TaskPhase::kWaiting && task->rank && takes_turns(*task->rank) &&
                     may_be_run(*task, moment.now);
  const auto found = waits_.find(pid);
  if (found == waits_.end()) {
    if (waits) start(pid, *task, moment);
    return;
  }
  Wait& wait = found->second;
  const bool same = waits && wait.only_cpu == (task->dsq && is_of_one_cpu(*task->dsq)) && wait.rank == *task->rank &&
                    wait.mask == moment.now.usable_cpus(*task) && (wait.in_queue || !task->dsq);
  if (!same) {
    judge(pid, wait, moment, sink);
    waits_.erase(found);
    if (waits) start(pid, *task, moment);
  } else if (wait.cpu != task->cpu) {
    wait.paused_ns = paused(wait, moment.at_ns);
    wait.cpu = task->cpu;
    wait.above_ns = class_times_.above(wait.cpu, wait.rank.sched_class, moment.at_ns);
  }
}

std::uint64_t Starvation::paused(const Wait& wait, std::uint64_t at_ns) const {
  return wait.paused_ns + class_times_.above(wait.cpu, wait.rank.sched_class, at_ns) - wait.above_ns;
}

void Starvation::judge(std::int32_t pid, const Wait& wait, const Moment& moment, BreachSink& sink) const {
  const std::uint64_t from = std::max(wait.since_ns, moment.judged_from_ns);
  const std::uint64_t pause = paused(wait, moment.at_ns);
  // Nobody runs for longer than there is time.
  if (moment.at_ns <= from + limit_ns_ + pause) return;
  std::map<std::int32_t, std::uint64_t> sums;
  auto add = [&](const Ran& ran) {
    const std::uint64_t since = std::max(ran.from_ns, from), until = std::min(ran.to_ns, moment.at_ns);
    if (ran.pid == pid || until <= since || !has_cpu(wait.mask, ran.cpu) || (wait.only_cpu && ran.cpu != wait.cpu) ||
        is_above(ran.rank, wait.rank))
      return;
    sums[ran.pid] += until - since;
  };
  auto competes = [&](const Rank& rank) {
    if (wait.in_queue) return rank.is_peer_of(wait.rank);
    // In a cgroup with a limit that the BPF scheduler enforces itself all wait for the same.
    return rank.sched_class == SchedClass::kExt && rank.cgroup == wait.rank.cgroup;
  };
  for (const auto& [peers, all] : ran_) {
    if (all.empty() || !competes(all.front().rank)) continue;
    for (auto one = all.rbegin(); one != all.rend() && one->to_ns > from; ++one) add(*one);
  }
  const auto cpus = static_cast<std::uint16_t>(moment.now.cpus().size());
  for (std::uint16_t cpu = 0; cpu < cpus; ++cpu) {
    const std::int32_t current = moment.now.cpus()[cpu].current;
    const TaskNow* const task = moment.now.task(current);
    if (task == nullptr || task->phase != TaskPhase::kRunning || !task->rank || !competes(*task->rank)) continue;
    add({.pid = current,
         .cpu = cpu,
         .from_ns = std::max(task->since_ns, task->steady_ns),
         .to_ns = moment.at_ns,
         .rank = *task->rank});
  }
  const auto most =
      std::max_element(sums.begin(), sums.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == sums.end() || most->second <= pause) return;
  sink.report(wait.in_queue ? Invariant::kStarvation : Invariant::kLostTask, {.pid = pid,
                                                                              .cpu = wait.cpu,
                                                                              .from_ns = from,
                                                                              .to_ns = moment.at_ns,
                                                                              .other = most->first,
                                                                              .amount = most->second - pause});
}

}  // namespace ktstr
