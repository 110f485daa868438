// SPDX-License-Identifier: Apache-2.0
#include "assert/cgroup_stats.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "model/fields.h"
#include "workload/task/sched_class.h"

namespace ktstr {

namespace {

struct AddUp {
  void operator()(std::string_view, std::uint64_t& all, std::uint64_t one) { all += one; }
  void operator()(std::string_view, std::uint64_t& all, std::uint64_t one, Largest) {
    is_larger = one > all;
    all = std::max(all, one);
  }
  void operator()(std::string_view, CpuSet& all, const CpuSet& one) { all = all.union_with(one); }
  void operator()(std::string_view, std::string& all, const std::string& one) { add_sched_class(all, one); }
  void operator()(std::string_view, Cpu& all, Cpu one) {
    if (is_larger) all = one;
  }
  bool is_larger = false;  // than what was the largest, in the field before: a gap, whose CPU follows
};

void add_off_cpu(CgroupStats& stats, const std::vector<WorkerReport>& reports) {
  double sum = 0;
  int alive = 0;
  for (const WorkerReport& report : reports)
    if (!report.died() && had_time(report)) {
      sum += report.off_cpu_pct();
      ++alive;
    }
  if (alive == 0) return;
  stats.avg_off_cpu_pct = sum / alive;
  stats.min_off_cpu_pct = 100;
  for (const OffCpuSpread& group : off_cpu_spreads(reports)) {
    stats.min_off_cpu_pct = std::min(stats.min_off_cpu_pct, group.min_pct);
    stats.max_off_cpu_pct = std::max(stats.max_off_cpu_pct, group.max_pct);
    stats.spread_pct = std::max(stats.spread_pct, group.spread_pct());
  }
}

LatencyStats latency_stats(const std::string& what, const LatencyHistogram& times, std::uint64_t max_ns) {
  const auto percentile = [&](double share) { return std::min(times.percentile_ns(share), max_ns); };
  return {.what = what,
          .count = times.count(),
          .p50_ns = percentile(0.50),
          .p90_ns = percentile(0.90),
          .p99_ns = percentile(0.99),
          .p999_ns = percentile(0.999),
          .max_ns = max_ns};
}

void add_measures(CgroupStats& stats, const std::vector<WorkerReport>& reports) {
  std::map<std::string, WorkLatency> latencies;
  std::map<std::string, std::uint64_t> counts;
  for (const WorkerReport& report : reports) {
    for (const WorkLatency& one : report.latencies) {
      WorkLatency& all = latencies[one.what];
      all.times.add(one.times);
      all.max_ns = std::max(all.max_ns, one.max_ns);
    }
    for (const WorkCount& one : report.counts) counts[one.what] += one.count;
  }
  for (const auto& [what, all] : latencies) stats.latencies.push_back(latency_stats(what, all.times, all.max_ns));
  for (const auto& [what, count] : counts) stats.counts.push_back({what, count});
}

}  // namespace

bool had_time(const WorkerReport& report) {
  constexpr std::chrono::milliseconds kLeastTime{100};
  return !report.was_held() || report.time_awake() > kLeastTime;
}

std::vector<OffCpuSpread> off_cpu_spreads(const std::vector<WorkerReport>& reports) {
  std::map<std::pair<int, std::string>, OffCpuSpread> groups;
  for (const WorkerReport& report : reports) {
    if (report.died() || !had_time(report)) continue;
    const double pct = report.off_cpu_pct();
    OffCpuSpread& spread = groups[{report.spec, report.role}];
    spread.group = report.spec;
    if (spread.workers == 0 || pct < spread.min_pct)
      std::tie(spread.min_pct, spread.min_worker) = std::pair(pct, report.index);
    if (spread.workers == 0 || pct > spread.max_pct)
      std::tie(spread.max_pct, spread.max_worker) = std::pair(pct, report.index);
    const std::chrono::nanoseconds awake = report.time_awake();
    spread.least_awake = spread.workers == 0 ? awake : std::min(spread.least_awake, awake);
    ++spread.workers;
  }
  std::vector<OffCpuSpread> list;
  for (const auto& [who, spread] : groups) list.push_back(spread);
  return list;
}

CgroupStats make_cgroup_stats(int step, const std::string& cgroup, const std::optional<CpuSet>& cpuset,
                              const std::vector<WorkerReport>& reports) {
  CgroupStats stats;
  stats.cgroup = cgroup;
  stats.step = step;
  stats.workers = static_cast<int>(reports.size());
  if (cpuset) stats.cpuset = *cpuset;
  AddUp add;
  for (const WorkerReport& report : reports)
    number_fields(add, static_cast<WorkerNumbers&>(stats), static_cast<const WorkerNumbers&>(report));
  add_off_cpu(stats, reports);
  LatencyHistogram wakes;
  for (const WorkerReport& report : reports) wakes.add(report.wake_latencies);
  stats.wake_p50_ns = std::min(wakes.percentile_ns(0.50), stats.wake_max_ns);
  stats.wake_p99_ns = std::min(wakes.percentile_ns(0.99), stats.wake_max_ns);
  add_measures(stats, reports);
  return stats;
}

}  // namespace ktstr
