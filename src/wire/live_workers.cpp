// SPDX-License-Identifier: Apache-2.0
#include "wire/live_workers.h"

#include <algorithm>
#include <limits>

namespace ktstr {

namespace {

// Only what was used is touched: the rest of the area need not have memory.
std::span<const LiveWorker> used_entries(const LiveHead& head, std::span<const LiveWorker> entries) {
  return entries.first(std::min<std::size_t>(head.used.load(), entries.size()));
}

std::string name_of(const LiveWorker& entry) {
  const std::array<char, LiveWorker::kNameBytes> name = entry.cgroup;
  return {name.begin(), std::find(name.begin(), name.end(), '\0')};
}

std::uint64_t bounded_sum(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  return a > kMost - b ? kMost : a + b;
}

}  // namespace

LiveWorkersSeen read_live_workers(const LiveHead& head, std::span<const LiveWorker> entries) {
  LiveWorkersSeen seen{.workers = {}, .beyond = head.beyond.load()};
  for (const LiveWorker& entry : used_entries(head, entries)) {
    if (entry.state.load() != LiveWorker::kTaken) continue;
    WorkerLastSeen worker{.cgroup = name_of(entry),
                          .index = entry.index.load(),
                          .pid = entry.pid.load(),
                          .started_ns = entry.released_ns.load(),
                          .work_units = entry.work_units.load(),
                          .iterations = entry.iterations.load(),
                          .last_checkpoint_ns = entry.last_checkpoint_ns.load()};
    if (worker.pid > 0 && worker.index >= 0 && worker.started_ns != 0) seen.workers.push_back(std::move(worker));
  }
  return seen;
}

LiveWorkersSeen read_live_workers(mailbox::View view) {
  return read_live_workers(view.layout().live, view.live_workers());
}

std::uint64_t live_iterations(mailbox::View view) {
  const LiveHead& head = view.layout().live;
  std::uint64_t sum = head.ended_iterations.load();
  for (const LiveWorker& entry : used_entries(head, view.live_workers()))
    if (entry.state.load() == LiveWorker::kTaken) sum = bounded_sum(sum, entry.iterations.load());
  return sum;
}

}  // namespace ktstr
