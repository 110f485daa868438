// SPDX-License-Identifier: Apache-2.0
#include "trace/invariants/weights.h"

#include <algorithm>

#include "base/nice_weight.h"

namespace ktstr {

namespace {

// Long against the slices that the kernel's own scheduler grants: a window is several times what is "clearly" less.
constexpr std::uint64_t kLeastClearlyNs = 100'000'000, kClearlyInAWindow = 5;
// Who has more of them does not want to run all the time.
constexpr std::uint32_t kMostShortTurns = 8;
// A part of a window by which shares may be off, besides the longest turn at either end of it.
constexpr std::uint64_t kPartOff = 10;
constexpr double kWeightOfSchedIdle = 100 * 3 / 1024.0;  // WEIGHT_IDLEPRIO in kernel/sched/sched.h

double weight_of(const Rank& rank) {
  return rank.policy == kSchedIdle ? kWeightOfSchedIdle : weight_of_nice(rank.nice);
}

}  // namespace

Weights::Weights(Judged judged, std::uint64_t slice_ns)
    : judged_(judged),
      clearly_ns_(std::max(kLeastClearlyNs, 2 * slice_ns)),
      window_ns_(kClearlyInAWindow * clearly_ns_) {}

void Weights::before(const Transition& transition, const Moment& moment, BreachSink&) {
  if (transition.before.phase != TaskPhase::kRunning) return;
  const auto found = tasks_.find(transition.pid);
  if (found == tasks_.end()) return;
  Of& of = found->second;
  const std::uint64_t since = std::max(transition.before.since_ns, window_from_ns_);
  if (moment.at_ns > since) of.ran_ns += moment.at_ns - since;
  of.turn_ns += moment.at_ns - std::min(transition.before.since_ns, moment.at_ns);
  of.longest_turn_ns = std::max(of.longest_turn_ns, of.turn_ns);
  if (moment.at_ns < transition.before.since_ns + kShortTurnNs) ++of.short_turns;
}

void Weights::after(const TraceEvent& event, const Moment& moment, BreachSink& sink) {
  for_each_concerned(event, moment.now, [&](std::int32_t pid) { follow(pid, moment); });
  if (event.kind == TraceKind::kSwitch) {
    const std::int32_t next = event_as<trace::Switch>(event).next;
    follow(next, moment);
    follow_turn(next, event.cpu, moment);
  }
  if (event.kind == TraceKind::kYield && event.cpu < moment.now.cpus().size()) {
    const auto found = tasks_.find(moment.now.cpus()[event.cpu].current);
    if (found != tasks_.end()) ++found->second.yields;
  }
  if (window_from_ns_ < moment.judged_from_ns) begin_window(moment.judged_from_ns);
  if (moment.at_ns < window_from_ns_ + window_ns_) return;
  end_window(moment, sink);
  begin_window(moment.at_ns);
}

void Weights::follow(std::int32_t pid, const Moment& moment) {
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

// One of a class above is no end of a turn: the task goes on with its slice.
void Weights::follow_turn(std::int32_t pid, std::uint16_t cpu, const Moment& moment) {
  const TaskNow* const task = moment.now.task(pid);
  const auto found = tasks_.find(pid);
  if (pid == 0 || task == nullptr || found == tasks_.end() || !task->rank) return;
  if (task->rank->sched_class != SchedClass::kFair && task->rank->sched_class != SchedClass::kExt) return;
  std::int32_t& last = last_ran_[cpu];
  if (last != pid) found->second.turn_ns = 0;
  last = pid;
}

void Weights::begin_window(std::uint64_t at_ns) {
  window_from_ns_ = at_ns;
  for (auto& [pid, of] : tasks_) {
    of.ran_ns = of.longest_turn_ns = 0;
    of.short_turns = of.yields = 0;
  }
}

std::map<Weights::Rivals, std::vector<Weights::Share>> Weights::shares(const Moment& moment) const {
  std::map<Rivals, std::vector<Share>> all;
  for (const auto& [pid, of] : tasks_) {
    const TaskNow* const task = moment.now.task(pid);
    if (task == nullptr || !task->rank || task->rank->group == 0) continue;
    if (of.wants_since_ns > window_from_ns_ || task->steady_ns > window_from_ns_) continue;
    if (task->rank->sched_class != SchedClass::kFair && task->rank->sched_class != SchedClass::kExt) continue;
    if (of.cpu_since_ns > window_from_ns_ || of.short_turns > kMostShortTurns) continue;
    Share share{.pid = pid,
                .ran_ns = of.ran_ns,
                .longest_turn_ns = of.longest_turn_ns,
                .rank = *task->rank,
                .cpu = task->cpu,
                .yields = of.yields};
    if (task->phase == TaskPhase::kRunning) {
      share.ran_ns += moment.at_ns - std::min(std::max(task->since_ns, window_from_ns_), moment.at_ns);
      const std::uint64_t turn = of.turn_ns + moment.at_ns - std::min(task->since_ns, moment.at_ns);
      share.longest_turn_ns = std::max(share.longest_turn_ns, turn);
    }
    all[{share.rank.group, share.rank.cgroup, share.rank.sched_class, moment.now.usable_cpus(*task), of.cpu}].push_back(
        share);
  }
  return all;
}

void Weights::end_window(const Moment& moment, BreachSink& sink) {
  for (auto& [rivals, of_one] : shares(moment)) {
    if (judged_.order) compare_order(of_one, moment, sink);
    if (judged_.shares) compare_parts(of_one, moment, sink);
  }
}

// The worst pair is reported.
void Weights::compare_order(std::vector<Share>& rivals, const Moment& moment, BreachSink& sink) const {
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

// A yield may cost a task its place, and is its own doing. What others in the group had takes from all in proportion.
void Weights::compare_parts(std::vector<Share>& rivals, const Moment& moment, BreachSink& sink) const {
  std::erase_if(rivals, [](const Share& one) { return one.yields > 0; });
  double weights = 0;
  std::uint64_t ran_ns = 0, longest_turn_ns = 0;
  for (const Share& one : rivals) {
    weights += weight_of(one.rank);
    ran_ns += one.ran_ns;
    longest_turn_ns = std::max(longest_turn_ns, one.longest_turn_ns);
  }
  const std::uint64_t window = moment.at_ns - window_from_ns_;
  if (rivals.size() < 2 || ran_ns < window / 2) return;
  sink.note_compared(Invariant::kWeightShare);
  const auto above_due = [&](const Share& one) {
    return static_cast<double>(one.ran_ns) - static_cast<double>(ran_ns) * weight_of(one.rank) / weights;
  };
  const auto [least, most] = std::minmax_element(
      rivals.begin(), rivals.end(), [&](const Share& a, const Share& b) { return above_due(a) < above_due(b); });
  const bool is_below = -above_due(*least) >= above_due(*most);
  const Share& worst = is_below ? *least : *most;
  const double off = is_below ? -above_due(worst) : above_due(worst);
  const std::uint64_t tolerance = window / kPartOff + 2 * longest_turn_ns;
  if (off < static_cast<double>(tolerance)) return;
  sink.report(Invariant::kWeightShare, {.pid = least->pid,
                                        .cpu = least->cpu,
                                        .from_ns = window_from_ns_,
                                        .to_ns = moment.at_ns,
                                        .other = most->pid,
                                        .amount = static_cast<std::uint64_t>(off),
                                        .own = worst.ran_ns,
                                        .is_below = is_below});
}

}  // namespace ktstr
