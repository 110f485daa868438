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

struct WeightedLatency {
  std::uint64_t latency_ns;
  double weight;  // how many wake-ups it stands for
};

// Sorted by latency.
std::vector<WeightedLatency> pooled_latencies(const std::vector<WorkerReport>& reports) {
  std::vector<WeightedLatency> pool;
  for (const WorkerReport& report : reports)
    for (const std::uint64_t latency : report.wake_latencies_ns)
      pool.push_back(
          {latency, static_cast<double>(report.wakeups) / static_cast<double>(report.wake_latencies_ns.size())});
  std::sort(pool.begin(), pool.end(), [](const auto& a, const auto& b) { return a.latency_ns < b.latency_ns; });
  return pool;
}

// The smallest latency that at least `share` of all do not exceed.
std::uint64_t percentile(const std::vector<WeightedLatency>& pool, double share) {
  if (pool.empty()) return 0;
  double total = 0, seen = 0;
  for (const auto& each : pool) total += each.weight;
  // Sums of fractions miss the exact rank by rounding; nothing but ties is decided by this much.
  const double wanted = share * total * (1 - 1e-9);
  for (const auto& each : pool)
    if ((seen += each.weight) >= wanted) return each.latency_ns;
  return pool.back().latency_ns;
}

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
  const auto pool = pooled_latencies(reports);
  stats.wake_p50_ns = percentile(pool, 0.50);
  stats.wake_p99_ns = percentile(pool, 0.99);
  return stats;
}

}  // namespace ktstr
