// SPDX-License-Identifier: Apache-2.0
#include "trace/invariants/long_slice.h"

#include <algorithm>
#include <bit>

namespace ktstr {

namespace {

std::optional<std::uint16_t> only_cpu(const CpuBits& mask) {
  int count = 0;
  std::size_t cpu = 0;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    count += std::popcount(mask[i]);
    if (mask[i] != 0) cpu = i * 64 + static_cast<std::size_t>(std::countr_zero(mask[i]));
  }
  return count == 1 ? std::optional(static_cast<std::uint16_t>(cpu)) : std::nullopt;
}

}  // namespace

std::optional<std::uint16_t> cpu_waited_for(const TaskNow& task, const Scheduling& now) {
  if (task.phase != TaskPhase::kWaiting || !task.rank || !may_be_run(task, now)) return {};
  if (task.rank->sched_class == SchedClass::kFair) return task.cpu;
  if (task.rank->sched_class != SchedClass::kExt) return {};
  if (const auto only = only_cpu(now.usable_cpus(task))) return only;
  if (!task.dsq) return {};
  if (*task.dsq == kLocalDsq) return task.cpu;
  if (is_local_on(*task.dsq)) return static_cast<std::uint16_t>(*task.dsq & 0xffff);
  return {};
}

void LongSlice::before(const Transition& transition, const Moment& moment, BreachSink& sink) {
  // It sleeps, or is dead, and then nothing more is known of it.
  const std::uint16_t on = transition.before.cpu;
  if (transition.before.phase == TaskPhase::kRunning && transition.after != TaskPhase::kWaiting && on < turns_.size() &&
      turns_[on].pid == transition.pid)
    end_turn(on, moment, sink);
  if (transition.before.phase != TaskPhase::kWaiting) return;
  const auto found = wants_.find(transition.pid);
  if (found == wants_.end()) return;
  judge(found->first, found->second, moment, sink);
  wants_.erase(found);
}

void LongSlice::after(const TraceEvent& event, const Moment& moment, BreachSink& sink) {
  if (event.kind == TraceKind::kSwitch) follow_turn(event_as<trace::Switch>(event), event.cpu, moment, sink);
  for_each_concerned(event, moment.now, [&](std::int32_t pid) { follow(pid, moment, sink); });
}

void LongSlice::follow_turn(const trace::Switch& event, std::uint16_t cpu, const Moment& moment, BreachSink& sink) {
  if (cpu >= moment.now.cpus().size()) return;
  if (cpu >= turns_.size()) turns_.resize(cpu + std::size_t{1});
  Turn& turn = turns_[cpu];
  const TaskNow* const owner = moment.now.task(turn.pid);
  const TaskNow* const next = moment.now.task(event.next);
  const bool is_there = turn.pid != 0 && owner != nullptr && owner->cpu == cpu && owner->phase != TaskPhase::kSleeping;
  if (is_there && event.next == turn.pid && turn.breaks.end(moment.at_ns, turn.since_ns)) return;
  const bool is_above = is_there && event.next != 0 && event.next != turn.pid && next != nullptr && next->rank &&
                        owner->rank && next->rank->sched_class < owner->rank->sched_class;
  if (is_above) return turn.breaks.begin(moment.at_ns);
  end_turn(cpu, moment, sink);
  turn = {.pid = event.next, .since_ns = moment.at_ns};
}

void LongSlice::end_turn(std::uint16_t cpu, const Moment& moment, BreachSink& sink) {
  // Of most turns nobody can say that they were too long.
  if (turns_[cpu].pid != 0 && moment.at_ns > std::max(turns_[cpu].since_ns, moment.judged_from_ns) + limit_ns_) {
    for (const auto& [pid, want] : wants_)
      if (want.cpu == cpu) judge(pid, want, moment, sink);
  }
  turns_[cpu] = {};
}

void LongSlice::end(const Moment& moment, BreachSink& sink) {
  for (const auto& [pid, want] : wants_) judge(pid, want, moment, sink);
}

void LongSlice::follow(std::int32_t pid, const Moment& moment, BreachSink& sink) {
  const TaskNow* const task = moment.now.task(pid);
  const auto cpu = task != nullptr ? cpu_waited_for(*task, moment.now) : std::nullopt;
  const auto found = wants_.find(pid);
  if (found != wants_.end()) {
    // With another rank it waits anew.
    if (cpu == found->second.cpu && task->steady_ns < moment.at_ns) return;
    judge(pid, found->second, moment, sink);
    wants_.erase(found);
  }
  if (cpu) wants_[pid] = {.cpu = *cpu, .since_ns = moment.at_ns};
}

void LongSlice::judge(std::int32_t pid, const Want& want, const Moment& moment, BreachSink& sink) const {
  std::uint64_t from = std::max(want.since_ns, moment.judged_from_ns);
  if (moment.at_ns <= from + limit_ns_ || want.cpu >= turns_.size()) return;
  const Turn& turn = turns_[want.cpu];
  const TaskNow* const task = moment.now.task(pid);
  const TaskNow* const user = moment.now.task(turn.pid);
  if (turn.pid == 0 || turn.pid == pid || task == nullptr || user == nullptr || !task->rank || !user->rank) return;
  from = std::max({from, turn.since_ns, user->steady_ns});
  const std::uint64_t to = turn.breaks.is_in_one() ? turn.breaks.since_ns() : moment.at_ns;
  if (to <= from || !user->rank->is_peer_of(*task->rank) || is_above(*user->rank, *task->rank)) return;
  sink.report(Invariant::kMaxSlice, {.pid = pid, .cpu = want.cpu, .from_ns = from, .to_ns = to, .other = turn.pid});
}

}  // namespace ktstr
