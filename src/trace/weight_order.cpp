// SPDX-License-Identifier: Apache-2.0
#include "trace/weight_order.h"

#include <algorithm>

namespace ktstr {

namespace {

// Long against the slices that tasks take turns by, of which "clearly" is several.
constexpr std::uint64_t kWindowNs = 500'000'000, kClearlyNs = 100'000'000;
// Of a window, by tasks of a higher class on a CPU: then it matters more who waits behind them.
constexpr std::uint64_t kDisturbedNs = kWindowNs / 10;
constexpr std::uint32_t kAnyCpu = UINT32_MAX;

}  // namespace

void WeightOrder::before(const Transition& transition, const Look& look, BreachSink&) {
  if (transition.before.phase != TaskPhase::kRunning) return;
  const auto found = tasks_.find(transition.pid);
  if (found == tasks_.end()) return;
  const std::uint64_t since = std::max(transition.before.since_ns, window_from_ns_);
  if (look.at_ns > since) found->second.ran_ns += look.at_ns - since;
}

void WeightOrder::after(const TraceEvent& event, const Look& look, BreachSink& sink) {
  switch (event.kind) {
    case TraceKind::kSwitch: {
      const auto both = event_as<trace::Switch>(event);
      class_times_.follow(event.cpu, look.now);
      follow(both.prev, look);
      follow(both.next, look);
      break;
    }
    case TraceKind::kEnqueue:
    case TraceKind::kDequeue: {
      // Both have the task and the CPU first.
      const auto of = event_as<trace::Enqueue>(event);
      class_times_.follow(of.cpu, look.now);
      follow(of.pid, look);
      break;
    }
    case TraceKind::kThrottle:
    case TraceKind::kUnthrottle:
      for (const auto& [pid, task] : look.now.tasks())
        if (task.phase == TaskPhase::kWaiting) follow(pid, look);
      break;
    default:
      break;
  }
  if (window_from_ns_ < look.judged_from_ns) begin_window(look.judged_from_ns);
  if (look.at_ns < window_from_ns_ + kWindowNs) return;
  end_window(look, sink);
  begin_window(look.at_ns);
}

void WeightOrder::follow(std::int32_t pid, const Look& look) {
  const TaskNow* const task = look.now.task(pid);
  const bool wants = task != nullptr && (task->phase == TaskPhase::kRunning ||
                                         (task->phase == TaskPhase::kWaiting && may_be_run(*task, look.now)));
  if (!wants) {
    tasks_.erase(pid);
    return;
  }
  const auto [found, is_new] = tasks_.try_emplace(pid, Of{.wants_since_ns = look.at_ns});
  if (!is_new && found->second.cpu == task->cpu) return;
  found->second.cpu = task->cpu;
  found->second.cpu_since_ns = look.at_ns;
}

void WeightOrder::begin_window(std::uint64_t at_ns) {
  window_from_ns_ = at_ns;
  for (auto& [pid, of] : tasks_) of.ran_ns = 0;
  for (std::uint32_t cpu = 0; cpu < above_at_start_.size(); ++cpu)
    above_at_start_[cpu] = class_times_.above(cpu, SchedClass::kExt, at_ns);
}

bool WeightOrder::is_disturbed(const CpuMask& mask, const Look& look) const {
  for (std::uint32_t cpu = 0; cpu < look.now.cpus().size(); ++cpu) {
    const std::uint64_t before = cpu < above_at_start_.size() ? above_at_start_[cpu] : 0;
    if (has_cpu(mask, cpu) && class_times_.above(cpu, SchedClass::kExt, look.at_ns) > before + kDisturbedNs)
      return true;
  }
  return false;
}

std::map<WeightOrder::Rivals, std::vector<WeightOrder::Share>> WeightOrder::shares(const Look& look) const {
  std::map<Rivals, std::vector<Share>> all;
  for (const auto& [pid, of] : tasks_) {
    const TaskNow* const task = look.now.task(pid);
    if (task == nullptr || !task->rank || task->rank->group == 0) continue;
    if (of.wants_since_ns > window_from_ns_ || task->steady_ns > window_from_ns_) continue;
    const bool is_fair = task->rank->sched_class == SchedClass::kFair;
    if (!is_fair && task->rank->sched_class != SchedClass::kExt) continue;
    // The kernel's scheduler weighs what is on one CPU; what is on several it balances in its time.
    if (is_fair && of.cpu_since_ns > window_from_ns_) continue;
    Share share{.pid = pid, .ran_ns = of.ran_ns, .rank = *task->rank, .cpu = task->cpu};
    const std::uint64_t since = std::max(task->since_ns, window_from_ns_);
    if (task->phase == TaskPhase::kRunning && look.at_ns > since) share.ran_ns += look.at_ns - since;
    all[{share.rank.group, share.rank.cgroup, share.rank.sched_class, look.now.usable_cpus(*task),
         is_fair ? of.cpu : kAnyCpu}]
        .push_back(share);
  }
  return all;
}

void WeightOrder::end_window(const Look& look, BreachSink& sink) {
  for (auto& [rivals, of_one] : shares(look)) {
    if (std::get<SchedClass>(rivals) == SchedClass::kExt && is_disturbed(std::get<CpuMask>(rivals), look)) continue;
    compare(of_one, look, sink);
  }
  above_at_start_.resize(look.now.cpus().size());
}

// The worst pair is reported.
void WeightOrder::compare(std::vector<Share>& rivals, const Look& look, BreachSink& sink) const {
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
    if (most == nullptr || most->ran_ns < one.ran_ns + kClearlyNs || most->ran_ns < 2 * one.ran_ns) continue;
    if (worst != nullptr && instead->ran_ns - worst->ran_ns >= most->ran_ns - one.ran_ns) continue;
    worst = &one;
    instead = most;
  }
  if (worst == nullptr) return;
  sink.report(Invariant::kWeightOrder, {.pid = worst->pid,
                                        .cpu = worst->cpu,
                                        .from_ns = window_from_ns_,
                                        .to_ns = look.at_ns,
                                        .other = instead->pid,
                                        .amount = instead->ran_ns,
                                        .own = worst->ran_ns});
}

}  // namespace ktstr
