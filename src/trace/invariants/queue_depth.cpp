// SPDX-License-Identifier: Apache-2.0
#include "trace/invariants/queue_depth.h"

#include <optional>

namespace ktstr {

namespace {

constexpr std::size_t kMostQueues = 100'000;

std::optional<std::pair<std::uint64_t, std::uint16_t>> queue_of(const TaskNow* task) {
  if (task == nullptr || task->phase != TaskPhase::kWaiting || task->sched_class != SchedClass::kExt || !task->dsq)
    return {};
  if (*task->dsq == kLocalDsq) return std::pair(kLocalDsq, task->cpu);
  if (is_local_on(*task->dsq)) return std::pair(kLocalDsq, static_cast<std::uint16_t>(*task->dsq & 0xffff));
  return std::pair(*task->dsq, std::uint16_t{0});
}

}  // namespace

void QueueDepth::after(const TraceEvent& event, const Moment& moment, BreachSink& sink) {
  begin(moment);
  for_each_concerned(event, moment.now, [&](std::int32_t pid) { follow(pid, moment, sink); });
  if (event.kind == TraceKind::kSwitch) follow(event_as<trace::Switch>(event).next, moment, sink);
}

void QueueDepth::begin(const Moment& moment) {
  if (judged_from_ns_ >= moment.judged_from_ns) return;
  judged_from_ns_ = moment.judged_from_ns;
  for (auto& [key, queue] : queues_) {
    queue.deepest = queue.depth;
    queue.from_ns = judged_from_ns_;
  }
}

void QueueDepth::follow(std::int32_t pid, const Moment& moment, BreachSink& sink) {
  const auto key = queue_of(moment.now.task(pid));
  const auto found = tasks_.find(pid);
  if (found == tasks_.end() ? !key : key == found->second) return;
  leave(pid, moment, sink);
  if (!key || (queues_.size() >= kMostQueues && !queues_.contains(*key))) return;
  tasks_[pid] = *key;
  Queue& queue = queues_[*key];
  if (++queue.depth <= queue.deepest) return;
  if (queue.depth == limit_ + 1 || queue.deepest == 0) queue.from_ns = moment.at_ns;
  queue.deepest = queue.depth;
  queue.pid = pid;
}

void QueueDepth::leave(std::int32_t pid, const Moment& moment, BreachSink& sink) {
  const auto found = tasks_.find(pid);
  if (found == tasks_.end()) return;
  Queue& queue = queues_[found->second];
  if (--queue.depth == limit_) {
    report(found->second, queue, moment.at_ns, sink);
    queue.deepest = queue.depth;
  }
  tasks_.erase(found);
}

void QueueDepth::report(const Key& key, const Queue& queue, std::uint64_t to_ns, BreachSink& sink) const {
  const std::uint64_t dsq = key.first == kLocalDsq ? kBuiltInDsq | kLocalOnDsq | key.second : key.first;
  sink.report(Invariant::kQueueDepth, {.pid = queue.pid,
                                       .cpu = key.second,
                                       .from_ns = queue.from_ns,
                                       .to_ns = to_ns < queue.from_ns ? queue.from_ns : to_ns,
                                       .amount = queue.deepest,
                                       .group = dsq});
}

void QueueDepth::end(const Moment& moment, BreachSink& sink) {
  begin(moment);
  for (const auto& [key, queue] : queues_)
    if (queue.deepest > 0) report(key, queue, moment.at_ns, sink);
}

}  // namespace ktstr
