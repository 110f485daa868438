// SPDX-License-Identifier: Apache-2.0
#include "trace/invariants/weight_order.h"

#include <algorithm>

namespace ktstr {

namespace {

// Long against the slices that the kernel's own scheduler grants: a window is several times what is "clearly" less.
constexpr std::uint64_t kLeastClearlyNs = 100'000'000, kClearlyInAWindow = 5;
// Who has more of them does not want to run all the time.
constexpr std::uint32_t kMostShortTurns = 8;

}  // namespace

WeightOrder::WeightOrder(std::uint64_t slice_ns)
    : clearly_ns_(std::max(kLeastClearlyNs, 2 * slice_ns)), window_ns_(kClearlyInAWindow * clearly_ns_) {}

void WeightOrder::before(const Transition& transition, const Moment& moment, BreachSink&) {
  if (transition.before.phase != TaskPhase::kRunning) return;
  const auto found = tasks_.find(transition.pid);
  if (found == tasks_.end()) return;
  const std::uint64_t since = std::max(transition.before.since_ns, window_from_ns_);
  if (moment.at_ns > since) found->second.ran_ns += moment.at_ns - since;
  if (moment.at_ns < transition.before.since_ns + kShortTurnNs) ++found->second.short_turns;
}

void WeightOrder::after(const TraceEvent& event, const Moment& moment, BreachSink& sink) {
  for_each_concerned(event, moment.now, [&](std::int32_t pid) { follow(pid, moment); });
  if (event.kind == TraceKind::kSwitch) follow(event_as<trace::Switch>(event).next, moment);
  if (window_from_ns_ < moment.judged_from_ns) begin_window(moment.judged_from_ns);
  if (moment.at_ns < window_from_ns_ + window_ns_) return;
  end_window(moment, sink);
  begin_window(moment.at_ns);
}

void WeightOrder::follow(std::int32_t pid, const Moment& moment) {
  const TaskNow* const task = moment.now.task(pid);
  const bool wants = task != nullptr && (task->phase == TaskPhase::kRunning ||
                                         (task->phase == TaskPhase::kWaiting && may_be_run(*task, moment.now)));
  if (!wants) {
    tasks_.erase(pid);
    return;
  }
  const auto [found, is_new] = tasks_.try_emplace(pid, Of{.wants_since_ns = moment.at_ns});
  if (!is_new && found->second.cpu == task->cpu) return;
  found->second.cpu = task->cpu;
  found->second.cpu_since_ns = moment.at_ns;
}

void WeightOrder::begin_window(std::uint64_t at_ns) {
  window_from_ns_ = at_ns;
  for (auto& [pid, of] : tasks_) of.ran_ns = of.short_turns = 0;
}

std::map<WeightOrder::Rivals, std::vector<WeightOrder::Share>> WeightOrder::shares(const Moment& moment) const {
  std::map<Rivals, std::vector<Share>> all;
  for (const auto& [pid, of] : tasks_) {
    const TaskNow* const task = moment.now.task(pid);
    if (task == nullptr || !task->rank || task->rank->group == 0) continue;
    if (of.wants_since_ns > window_from_ns_ || task->steady_ns > window_from_ns_) continue;
    if (task->rank->sched_class != SchedClass::kFair && task->rank->sched_class != SchedClass::kExt) continue;
    if (of.cpu_since_ns > window_from_ns_ || of.short_turns > kMostShortTurns) continue;
    Share share{.pid = pid, .ran_ns = of.ran_ns, .rank = *task->rank, .cpu = task->cpu};
    const std::uint64_t since = std::max(task->since_ns, window_from_ns_);
    if (task->phase == TaskPhase::kRunning && moment.at_ns > since) share.ran_ns += moment.at_ns - since;
    all[{share.rank.group, share.rank.cgroup, share.rank.sched_class, moment.now.usable_cpus(*task), of.cpu}].push_back(
        share);
  }
  return all;
}

void WeightOrder::end_window(const Moment& moment, BreachSink& sink) {
  for (auto& [rivals, of_one] : shares(moment)) compare(of_one, moment, sink);
}

// The worst pair is reported.
void WeightOrder::compare(std::vector<Share>& rivals, const Moment& moment, BreachSink& sink) const {
  std::stable_sort(rivals.begin(), rivals.end(),
                   [](const Share& a, const Share& b) { return is_above(b.rank, a.rank); });
  const Share* most = nullptr;  // of the lighter ones
  std::size_t lighter = 0;
  const Share *worst = nullptr, *instead = nullptr;
  for (std::size_t i = 0; i < rivals.size(); ++i) {
    const Share& one = rivals[i];
    for (; lighter < i && is_above(one.rank, rivals[lighter].rank); ++lighter)
      if (most == nullptr || rivals[lighter].ran_ns > most->ran_ns) most = &rivals[lighter];
    if (most != nullptr) sink.note_compared(Invariant::kWeightOrder);
    if (most == nullptr || most->ran_ns < one.ran_ns + clearly_ns_ || most->ran_ns < 2 * one.ran_ns) continue;
    if (worst != nullptr && instead->ran_ns - worst->ran_ns >= most->ran_ns - one.ran_ns) continue;
    worst = &one;
    instead = most;
  }
  if (worst == nullptr) return;
  sink.report(Invariant::kWeightOrder, {.pid = worst->pid,
                                        .cpu = worst->cpu,
                                        .from_ns = window_from_ns_,
                                        .to_ns = moment.at_ns,
                                        .other = instead->pid,
                                        .amount = instead->ran_ns,
                                        .own = worst->ran_ns});
}

}  // namespace ktstr
