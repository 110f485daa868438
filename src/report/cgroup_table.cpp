// SPDX-License-Identifier: Apache-2.0
#include "report/cgroup_table.h"

#include <fmt/core.h>

#include <algorithm>

#include "report/table.h"
#include "report/units.h"

namespace ktstr {

namespace {

constexpr std::size_t kCpusWidth = 16;

// What matters least first: migrations, spread, off-CPU, max gap, CPUs, workers.
const std::vector<std::size_t> kExpendable = {10, 8, 7, 9, 4, 2};
const std::vector<std::size_t> kExpendableMeasures = {5, 7};  // p90, p99.9

// "" is the place outside of the scenario's cgroups.
std::string place_text(const std::string& cgroup) {
  return cgroup.empty() ? "(outside)" : shortened(printable(cgroup), kNameWidth);
}

std::string cpus_text(const CpuSet& cpus) { return cpus.empty() ? "-" : shortened(cpus.to_string(), kCpusWidth); }

std::uint64_t per_worker(std::uint64_t sum, int workers) {
  return workers > 0 ? sum / static_cast<std::uint64_t>(workers) : 0;
}

// Under a sched_ext scheduler, and wherever they differ: else all are what one expects.
bool classes_matter(const RunRecord& record) {
  return !record.schedulers.empty() ||
         std::any_of(record.cgroups.begin(), record.cgroups.end(),
                     [&](const CgroupStats& c) { return c.sched_class != record.cgroups.front().sched_class; });
}

bool has_steps(const RunRecord& record) {
  return std::any_of(record.cgroups.begin(), record.cgroups.end(),
                     [&](const CgroupStats& c) { return c.step != record.cgroups.front().step; });
}

// "62.1% of 66.7%" where it is known what it is entitled to; nothing where a cgroup shares with nobody.
std::string share_text(const CgroupStats& c) {
  if (c.share_pct <= 0 || c.share_pct >= 100) return "";
  if (c.entitled_pct < 0) return fmt::format("{:.1f}%", c.share_pct);
  return fmt::format("{:.1f}% of {:.1f}%", c.share_pct, c.entitled_pct);
}

}  // namespace

std::string cgroup_table(const RunRecord& record, std::string_view indent, std::size_t columns, std::size_t most) {
  if (record.cgroups.empty()) return "";
  const bool steps = has_steps(record);
  const bool classes = classes_matter(record);
  Table table({"cgroup", "step", "workers", "class", "CPUs", "CPU time", "share", "off-CPU", "spread", "max gap",
               "migrations", "delay/worker", "wake p99"});
  const std::size_t shown = std::min(most, record.cgroups.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const CgroupStats& c = record.cgroups[i];
    table.add({place_text(c.cgroup), steps ? step_text(c.step) : "", fmt::format("{}", c.workers),
               classes ? printable(c.sched_class) : "", cpus_text(c.cpus_used), short_duration(c.cpu_time_ns),
               share_text(c), short_percent(c.avg_off_cpu_pct), c.workers > 1 ? short_percent(c.spread_pct) : "-",
               short_duration(c.max_gap_ns), short_count(c.migrations),
               short_duration(per_worker(c.run_delay_ns, c.workers)),
               c.wakeups > 0 ? short_duration(c.wake_p99_ns) : "-"});
  }
  std::string text = table.render(indent, columns, kExpendable);
  if (const std::size_t more = record.cgroups.size() - shown; more > 0)
    text += fmt::format("{}... and {} more (--verbose)\n", indent, more);
  return text;
}

std::string measure_table(const RunRecord& record, std::string_view indent, std::size_t columns) {
  const bool steps = has_steps(record);
  Table table({"cgroup", "step", "measured", "count", "p50", "p90", "p99", "p99.9", "longest"});
  bool any = false;
  for (const CgroupStats& c : record.cgroups) {
    for (const LatencyStats& l : c.latencies)
      table.add({place_text(c.cgroup), steps ? step_text(c.step) : "", printable(l.what), short_count(l.count),
                 short_duration(l.p50_ns), short_duration(l.p90_ns), short_duration(l.p99_ns),
                 short_duration(l.p999_ns), short_duration(l.max_ns)});
    for (const WorkCount& n : c.counts)
      table.add({place_text(c.cgroup), steps ? step_text(c.step) : "", printable(n.what), short_count(n.count), "", "",
                 "", "", ""});
    any |= !c.latencies.empty() || !c.counts.empty();
  }
  return any ? table.render(indent, columns, kExpendableMeasures) : "";
}

std::string worker_table(const RunRecord& record, std::string_view indent) {
  if (record.workers.empty()) return "";
  Table table({"worker", "step", "CPUs", "iterations", "off-CPU", "max gap", "at", "migrations", "delay", "end"});
  for (const auto& w : record.workers) {
    const auto& [cgroup, index, step] = w.who();
    table.add({fmt::format("{}[{}]", place_text(cgroup), index), step_text(step), cpus_text(w.cpus_used),
               short_count(w.iterations), short_percent(w.off_cpu_pct()), short_duration(w.max_gap_ns),
               short_duration(w.max_gap_at_ns), short_count(w.migrations), short_duration(w.run_delay_ns),
               printable(w.end())});
  }
  return table.render(indent);
}

std::string last_seen_table(const RunRecord& record, std::string_view indent, std::size_t most) {
  if (record.last_seen.empty()) return "";
  // On this machine nobody says when the body began.
  std::uint64_t began_ns = record.body_start_ns;
  if (began_ns == 0)
    began_ns = std::min_element(record.last_seen.begin(), record.last_seen.end(), [](const auto& a, const auto& b) {
                 return a.started_ns < b.started_ns;
               })->started_ns;
  const auto since_begin = [&](std::uint64_t at_ns) { return short_duration(at_ns > began_ns ? at_ns - began_ns : 0); };
  Table table({"worker", "pid", "released at", "iterations", "work units", "last checkpoint at"});
  const std::size_t shown = std::min(most, record.last_seen.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const WorkerLastSeen& w = record.last_seen[i];
    table.add({fmt::format("{}[{}]", place_text(w.cgroup), w.index), fmt::format("{}", w.pid),
               since_begin(w.started_ns), short_count(w.iterations), short_count(w.work_units),
               w.last_checkpoint_ns == 0 ? "never" : since_begin(w.last_checkpoint_ns)});
  }
  std::string text = table.render(indent);
  if (const std::size_t more = record.last_seen.size() - shown; more > 0)
    text += fmt::format("{}... and {} more (--verbose)\n", indent, more);
  if (record.unseen_workers > 0)
    text += fmt::format("{}... and {} of which the guest's memory has no numbers\n", indent, record.unseen_workers);
  return text;
}

}  // namespace ktstr
