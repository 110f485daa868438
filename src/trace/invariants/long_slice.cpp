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
  if (transition.before.phase == TaskPhase::kRunning &&
      moment.at_ns > std::max(transition.before.since_ns, moment.judged_from_ns) + limit_ns_) {
    for (const auto& [pid, want] : wants_)
      if (want.cpu == transition.before.cpu) judge(pid, want, moment, sink);
  }
  if (transition.before.phase != TaskPhase::kWaiting) return;
  const auto found = wants_.find(transition.pid);
  if (found == wants_.end()) return;
  judge(found->first, found->second, moment, sink);
  wants_.erase(found);
}

void LongSlice::after(const TraceEvent& event, const Moment& moment, BreachSink& sink) {
  for_each_concerned(event, moment.now, [&](std::int32_t pid) { follow(pid, moment, sink); });
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
  if (moment.at_ns <= from + limit_ns_ || want.cpu >= moment.now.cpus().size()) return;
  const std::int32_t current = moment.now.cpus()[want.cpu].current;
  const TaskNow* const task = moment.now.task(pid);
  const TaskNow* const user = moment.now.task(current);
  if (task == nullptr || user == nullptr || current == pid || user->phase != TaskPhase::kRunning ||
      user->cpu != want.cpu || !task->rank || !user->rank)
    return;
  from = std::max({from, user->since_ns, user->steady_ns});
  if (moment.at_ns <= from || !user->rank->is_peer_of(*task->rank) || is_above(*user->rank, *task->rank)) return;
  sink.report(Invariant::kMaxSlice,
              {.pid = pid, .cpu = want.cpu, .from_ns = from, .to_ns = moment.at_ns, .other = current});
}

}  // namespace ktstr
