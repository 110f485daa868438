// SPDX-License-Identifier: Apache-2.0
#include "assert/worker_checks.h"

#include <fmt/format.h>

namespace ktstr {

namespace {

double ms_of(std::uint64_t ns) { return static_cast<double>(ns) / 1e6; }
double seconds_of(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }

Detail detail_of(const CgroupReports& reports, int worker, DetailKind kind, std::string message) {
  Detail detail;
  detail.kind = kind;
  detail.message = std::move(message);
  detail.cgroup = reports.cgroup;
  detail.worker = worker;
  detail.phase = reports.phase;
  return detail;
}

Detail measured(Detail detail, double value, double limit, std::string unit) {
  detail.measured = value;
  detail.limit = limit;
  detail.unit = std::move(unit);
  return detail;
}

std::string name_of(const CgroupReports& reports, const WorkerReport& worker) {
  return fmt::format("worker {} of {}", worker.index, reports.cgroup);
}

std::string workers_of(const CgroupReports& reports) {
  const std::size_t count = reports.workers.size();
  return fmt::format("the {} worker{} of {}", count, count == 1 ? "" : "s", reports.cgroup);
}

bool died(const WorkerReport& worker) { return !worker.exit.empty(); }

std::string gap_message(const CgroupReports& reports, const WorkerReport& worker, std::chrono::milliseconds limit) {
  const std::string what = fmt::format("{} did not run for {:.0f} ms (limit {} ms)", name_of(reports, worker),
                                       ms_of(worker.max_gap_ns), limit.count());
  const double at = seconds_of(worker.max_gap_at_ns);
  if (worker.max_gap_cpu < 0) return fmt::format("{}, and still did not {:.1f} s after its start", what, at);
  return fmt::format("{}, until {:.1f} s after its start, then on CPU {}", what, at, worker.max_gap_cpu);
}

void note_unresponsive(const CgroupReports& reports, AssertResult& result) {
  for (const WorkerReport& worker : reports.workers) {
    if (worker.responded || died(worker)) continue;
    Detail note = detail_of(reports, worker.index, DetailKind::kNote,
                            name_of(reports, worker) +
                                " did not stop when told to and was killed; its numbers are the last it published");
    note.verdict = Verdict::kPass;
    result.details.push_back(std::move(note));
  }
}

}  // namespace

void check_died(const CgroupReports& reports, AssertResult& result) {
  result.checked.push_back("died: " + workers_of(reports));
  for (const WorkerReport& worker : reports.workers)
    if (died(worker))
      result.details.push_back(
          detail_of(reports, worker.index, DetailKind::kWorkerDied,
                    fmt::format("{} died {:.2f} s after its start: {}", name_of(reports, worker),
                                seconds_of(worker.wall_time_ns), worker.exit)));
}

void check_progress(const CgroupReports& reports, AssertResult& result) {
  result.checked.push_back("progress: " + workers_of(reports));
  for (const WorkerReport& worker : reports.workers) {
    if (died(worker) || worker.work_units > 0) continue;
    result.details.push_back(measured(
        detail_of(reports, worker.index, DetailKind::kNoProgress,
                  fmt::format("{} made no progress (0 work units) in {:.2f} s", name_of(reports, worker),
                              seconds_of(worker.wall_time_ns))),
        0, 1, "work units"));
  }
}

void check_gap(const CgroupReports& reports, std::chrono::milliseconds limit, AssertResult& result) {
  result.checked.push_back(fmt::format("gap: {}, limit {} ms", workers_of(reports), limit.count()));
  for (const WorkerReport& worker : reports.workers) {
    if (died(worker) || std::chrono::nanoseconds(worker.max_gap_ns) <= limit) continue;
    result.details.push_back(
        measured(detail_of(reports, worker.index, DetailKind::kStuck, gap_message(reports, worker, limit)),
                 ms_of(worker.max_gap_ns), static_cast<double>(limit.count()), "ms"));
  }
}

void check_spread(const CgroupReports& reports, double limit_pct, AssertResult& result) {
  for (const OffCpuSpread& group : off_cpu_spreads(reports.workers)) {
    if (group.workers < 2) continue;
    result.checked.push_back(fmt::format("spread: off-CPU shares of {} equal workers of {}, limit {}%", group.workers,
                                         reports.cgroup, limit_pct));
    if (group.spread_pct() <= limit_pct) continue;
    std::string message = fmt::format(
        "unfair: off-CPU share in {} from {:.1f}% (worker {}) to {:.1f}% (worker {}), spread {:.1f}% (limit {}%)",
        reports.cgroup, group.min_pct, group.min_worker, group.max_pct, group.max_worker, group.spread_pct(),
        limit_pct);
    result.details.push_back(
        measured(detail_of(reports, group.max_worker, DetailKind::kUnfair, std::move(message)), group.spread_pct(),
                 limit_pct, "%"));
  }
}

void check_isolation(const CgroupReports& reports, AssertResult& result) {
  if (reports.cpuset)
    result.checked.push_back(
        fmt::format("isolation: {} in cpuset {}", workers_of(reports), reports.cpuset->to_string()));
  for (const WorkerReport& worker : reports.workers) {
    if (worker.cpus_outside.empty()) continue;
    result.details.push_back(detail_of(
        reports, worker.index, DetailKind::kIsolation,
        fmt::format("{} ran on CPU{} {}, outside its cpuset{}", name_of(reports, worker),
                    worker.cpus_outside.size() == 1 ? "" : "s", worker.cpus_outside.to_string(),
                    reports.cpuset ? " " + reports.cpuset->to_string() : "")));
  }
}

AssertResult check_workers(const Checks& checks, int phase, const std::string& cgroup,
                           const std::optional<CpuSet>& cpuset, const std::vector<WorkerReport>& workers,
                           const std::set<int>& interrupted) {
  AssertResult result;
  if (workers.empty()) return result;
  const CgroupReports reports{phase, cgroup, cpuset, workers};
  CgroupReports undisturbed = reports;
  std::erase_if(undisturbed.workers, [&](const WorkerReport& each) { return interrupted.contains(each.index); });
  check_died(reports, result);
  if (checks.progress_on()) check_progress(reports, result);
  if (!checks.gap_off && !undisturbed.workers.empty()) check_gap(undisturbed, checks.gap_limit(), result);
  if (!checks.spread_off) check_spread(undisturbed, checks.spread_limit(), result);
  if (checks.isolation_on()) check_isolation(reports, result);
  note_unresponsive(reports, result);
  return result;
}

}  // namespace ktstr
