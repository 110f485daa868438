// SPDX-License-Identifier: Apache-2.0
#include "trace/invariants/needless_moves.h"

#include <algorithm>

namespace ktstr {

namespace {

// A stretch of a task's life is judged when it has run for so long, or was moved so often; what is left at the end if
// it has run for at least so long.
constexpr std::uint64_t kStretchNs = 200'000'000, kLeastStretchRanNs = 50'000'000;
constexpr std::uint64_t kMoves = 100;
constexpr std::uint64_t kLeastMoves = 10;  // fewer say nothing of a rate

}  // namespace

std::uint64_t& NeedlessMoves::runs_of(std::uint16_t cpu) {
  if (cpu >= runs_.size()) runs_.resize(std::size_t{cpu} + 1);
  return runs_[cpu];
}

void NeedlessMoves::before(const Transition& transition, const Moment& moment, BreachSink& sink) {
  const TaskNow& was = transition.before;
  if (was.phase == TaskPhase::kRunning) {
    Of& of = tasks_[transition.pid];
    const std::uint64_t since = std::max(was.since_ns, moment.judged_from_ns);
    if (of.from_ns == 0) of.from_ns = since;
    if (moment.at_ns > since) of.ran_ns += moment.at_ns - since;
    of.left.reset();
    const bool had_turn = moment.at_ns >= was.since_ns + kShortTurnNs;  // who yields does not mind where
    const bool is_judged = was.sched_class != SchedClass::kDeadline;
    if (transition.after == TaskPhase::kWaiting && was.queued && had_turn && is_judged)
      of.left = Left{.cpu = was.cpu, .runs = runs_of(was.cpu)};
    if (of.ran_ns >= kStretchNs || of.moves >= kMoves) close(transition.pid, of, was.cpu, moment, sink);
    if (transition.after == TaskPhase::kDead) tasks_.erase(transition.pid);
    return;
  }
  if (transition.after != TaskPhase::kRunning) return;
  const auto found = tasks_.find(transition.pid);
  if (found == tasks_.end() || !found->second.left) return;
  const Left left = *found->second.left;
  const auto& cpus = moment.now.cpus();
  const bool could_stay = left.cpu < cpus.size() && cpus[left.cpu].online && cpus[left.cpu].current == 0 &&
                          runs_of(left.cpu) == left.runs && was.may_run_on(left.cpu);
  if (left.cpu != transition.cpu && could_stay && moment.at_ns > moment.judged_from_ns) ++found->second.moves;
}

void NeedlessMoves::after(const TraceEvent& event, const Moment&, BreachSink&) {
  if (event.kind == TraceKind::kSwitch && event_as<trace::Switch>(event).next != 0) ++runs_of(event.cpu);
}

void NeedlessMoves::end(const Moment& moment, BreachSink& sink) {
  for (auto& [pid, of] : tasks_) {
    const TaskNow* const task = moment.now.task(pid);
    if (task == nullptr) continue;
    const std::uint64_t since = std::max(task->since_ns, moment.judged_from_ns);
    if (task->phase == TaskPhase::kRunning && moment.at_ns > since) of.ran_ns += moment.at_ns - since;
    if (of.ran_ns >= kLeastStretchRanNs) close(pid, of, task->cpu, moment, sink);
  }
}

void NeedlessMoves::close(std::int32_t pid, Of& of, std::uint16_t cpu, const Moment& moment, BreachSink& sink) const {
  const std::uint64_t rate = of.ran_ns == 0 ? of.moves : of.moves * 1'000'000'000 / of.ran_ns;
  if (of.moves >= kLeastMoves)
    sink.report(
        Invariant::kPingPong,
        {.pid = pid, .cpu = cpu, .from_ns = of.from_ns, .to_ns = moment.at_ns, .amount = rate, .own = of.moves});
  of = {.left = of.left};
}

}  // namespace ktstr
