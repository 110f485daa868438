// SPDX-License-Identifier: Apache-2.0
#include "workload/worker_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "workload/types/work_types.h"

namespace ktstr {

namespace {

std::uint64_t difference(std::uint64_t end, std::uint64_t start) { return end > start ? end - start : 0; }

void add_spent(WorkerReport& report, const Schedstat& spent) {
  report.cpu_time_ns = spent.cpu_time_ns;
  report.run_delay_ns = spent.run_delay_ns;
  report.timeslices = spent.timeslices;
}

// Since when one that sleeps was due to run, or now.
std::uint64_t asleep_until(const WorkerSlot& slot, std::uint64_t now_ns) {
  const SharedWord* word = slot.asleep_on;
  if (word == nullptr) return std::min(slot.asleep_until_ns.load(), now_ns);
  if (word->value() == slot.asleep_while) return now_ns;
  return std::min(std::max(word->changed_ns.load(), slot.asleep_since_ns.load()), now_ns);
}

}  // namespace

WorkerReport published_report(const WorkerSlot& slot, const GroupBlock& group) {
  WorkerReport report;
  report.work_units = slot.live->work_units;
  report.iterations = slot.live->iterations;
  report.missed = slot.missed;
  report.started_ns = group.released_ns;
  report.wall_time_ns = difference(slot.live->last_checkpoint_ns, report.started_ns);
  add_spent(report, slot.spent.load());
  report.max_gap_ns = slot.max_gap_ns;
  report.max_gap_cpu = slot.max_gap_cpu;
  report.max_gap_at_ns = slot.max_gap_at_ns;
  report.migrations = slot.migrations;
  report.cpus_used = slot.cpus_used.to_set();
  report.cpus_outside = slot.cpus_outside.to_set();
  report.sleep_ns = slot.sleep_ns;
  report.wakeups = slot.wake_latencies.count();
  report.wake_max_ns = slot.wake_latencies.max_ns();
  report.wake_latencies = slot.wake_latencies.histogram();
  if (const char* const what = slot.could_not.load())
    report.could_not = fmt::format("{}: {}", what, std::strerror(slot.could_not_errno));
  return report;
}

void add_measures(WorkerReport& report, const WorkType& type, const WorkMeasures& measures) {
  const WorkMeasureNames& names = work_measure_names(type);
  for (std::size_t i = 0; i < names.latencies.size(); ++i)
    if (const LatencyCounts& times = measures.latencies[i]; times.count() > 0)
      report.latencies.push_back({std::string(names.latencies[i]), times.max_ns(), times.histogram()});
  for (std::size_t i = 0; i < names.counts.size(); ++i)
    if (const std::uint64_t count = measures.counts[i]; count > 0)
      report.counts.push_back({std::string(names.counts[i]), count});
}

HoldTimes::Wait open_wait(const WorkerSlot& slot, const GroupBlock& group, std::uint64_t now_ns) {
  std::uint64_t away_since = std::max(slot.live->last_checkpoint_ns.load(), group.released_ns.load());
  if (slot.asleep_since_ns != 0) away_since = std::max(away_since, asleep_until(slot, now_ns));
  return group.hold.read().wait(away_since, now_ns);
}

void note_wait(WorkerReport& report, const HoldTimes::Wait& wait) {
  if (wait.ns <= report.max_gap_ns) return;
  report.max_gap_ns = wait.ns;
  report.max_gap_cpu = -1;
  report.max_gap_at_ns = difference(wait.until_ns, report.started_ns);
}

void close_at(WorkerReport& report, const WorkerSlot& slot, const GroupBlock& group, std::uint64_t now_ns) {
  report.wall_time_ns = difference(now_ns, report.started_ns);
  if (const std::uint64_t asleep_since = slot.asleep_since_ns; asleep_since != 0) {
    const HoldTimes hold = group.hold.read();
    const std::uint64_t until = asleep_until(slot, now_ns);
    const std::uint64_t asleep = difference(until, asleep_since);
    report.sleep_ns += asleep - std::min(asleep, difference(hold.held_by(until), slot.asleep_held_before_ns));
  }
  note_wait(report, open_wait(slot, group, now_ns));
}

void add_schedstat(WorkerReport& report, const WorkerSlot& slot, const Schedstat& now) {
  add_spent(report, now.since(slot.base.load()));
}

void add_held(WorkerReport& report, const GroupBlock& group) {
  const std::uint64_t by_its_end = group.hold.read().held_by(report.started_ns + report.wall_time_ns);
  report.held_ns = std::min(difference(by_its_end, group.held_before_ns), report.wall_time_ns);
}

void add_open_run_delay(WorkerReport& report) {
  const std::uint64_t other = report.cpu_time_ns + report.sleep_ns + report.held_ns;
  report.run_delay_ns = std::max(report.run_delay_ns, difference(report.wall_time_ns, other));
}

}  // namespace ktstr
