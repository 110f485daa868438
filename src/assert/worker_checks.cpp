// SPDX-License-Identifier: Apache-2.0
#include "assert/worker_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace ktstr {

namespace {

double ms_of(std::uint64_t ns) { return static_cast<double>(ns) / 1e6; }
double ms_of(std::chrono::nanoseconds length) { return static_cast<double>(length.count()) / 1e6; }
double seconds_of(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }

Detail detail_of(const CgroupReports& reports, int worker, DetailKind kind, std::string message) {
  Detail detail;
  detail.kind = kind;
  detail.message = std::move(message);
  detail.cgroup = reports.cgroup;
  detail.worker = worker;
  detail.step = reports.step;
  return detail;
}

Detail measured(Detail detail, double value, double limit, std::string unit) {
  detail.measured = value;
  detail.limit = limit;
  detail.unit = std::move(unit);
  return detail;
}

std::string place_of(const CgroupReports& reports) {
  return reports.cgroup.empty() ? "outside of the cgroups" : "of " + reports.cgroup;
}

std::string workers_of(const CgroupReports& reports) {
  const std::size_t count = reports.workers.size();
  return fmt::format("the {} worker{} {}", count, count == 1 ? "" : "s", place_of(reports));
}

bool said_elsewhere(const WorkerReport& worker) { return worker.died() || !worker.gone || !worker.could_not.empty(); }

// Woken by nobody, as a consumer without items: it had nothing to do, and little time in which it might have.
bool slept_all_along(const WorkerReport& worker) {
  constexpr std::chrono::milliseconds kLeastAwake{100};
  return worker.sleep_ns > 0 && worker.time_awake() < kLeastAwake;
}

std::string gap_message(const WorkerReport& worker, std::chrono::milliseconds limit) {
  const std::string what =
      fmt::format("{} did not run for {:.0f} ms (limit {} ms)", worker.name(), ms_of(worker.max_gap_ns), limit.count());
  const double at = seconds_of(worker.max_gap_at_ns);
  if (worker.max_gap_cpu < 0) return fmt::format("{}, and still did not {:.1f} s after its start", what, at);
  return fmt::format("{}, until {:.1f} s after its start, then on CPU {}", what, at, worker.max_gap_cpu);
}

std::string held_text(const CgroupReports& reports) {
  const bool held = std::any_of(reports.workers.begin(), reports.workers.end(), std::mem_fn(&WorkerReport::was_held));
  return held ? ", without the time in which the scenario held them" : "";
}

void note_unresponsive(const CgroupReports& reports, AssertResult& result) {
  CpuSet indexes;  // for its text, "0-2,5"
  for (const WorkerReport& worker : reports.workers)
    if (!worker.responded && !said_elsewhere(worker)) indexes.add(worker.index);
  if (indexes.empty()) return;
  const bool one = indexes.size() == 1;
  Detail note = detail_of(
      reports, one ? indexes.first() : -1, DetailKind::kNote,
      fmt::format("worker{} {} {} did not stop when told to and {} killed; {} numbers are the last {} published",
                  one ? "" : "s", indexes.to_string(), place_of(reports), one ? "was" : "were", one ? "its" : "their",
                  one ? "it" : "they"));
  note.verdict = Verdict::kPass;
  result.details.push_back(std::move(note));
}

std::string text_of(const std::vector<CpuSet>& cpusets) {
  std::string text;
  for (const CpuSet& cpus : cpusets) text += (text.empty() ? "" : ", then ") + cpus.to_string();
  return text;
}

// Else a pass would be silent about it.
void note_unjudged(const CgroupReports& reports, const CpuSet& indexes, std::chrono::nanoseconds round,
                   AssertResult& result) {
  if (indexes.empty()) return;
  Detail note = detail_of(reports, -1, DetailKind::kNote,
                          fmt::format("worker{} {} {} did no work, which is not judged: {} had less than the {:.0f} ms "
                                      "of two turns of all that share a CPU",
                                      indexes.size() == 1 ? "" : "s", indexes.to_string(), place_of(reports),
                                      indexes.size() == 1 ? "it" : "they", ms_of(round)));
  note.verdict = Verdict::kPass;
  result.details.push_back(std::move(note));
}

}  // namespace

void check_end(const CgroupReports& reports, AssertResult& result) {
  constexpr int kMostNamed = 3;
  result.checked.push_back({"end: " + workers_of(reports), reports.step});
  std::string names;
  int count = 0;
  const WorkerReport* first = nullptr;
  for (const WorkerReport& worker : reports.workers) {
    if (worker.gone) continue;
    if (first == nullptr) first = &worker;
    if (++count > kMostNamed) continue;
    names.append(names.empty() ? "" : ", ").append(worker.task());
    // Where its longest gap is the one that goes on. Whether it waits for a CPU or hangs on one, nobody knows.
    if (worker.max_gap_cpu < 0) names += fmt::format(" had been away for {:.0f} ms", ms_of(worker.max_gap_ns));
  }
  if (count == 0) return;
  if (count > kMostNamed) names += fmt::format(" and {} more", count - kMostNamed);
  result.details.push_back(detail_of(reports, count == 1 ? first->index : -1, DetailKind::kStuck,
                                     fmt::format("{} worker{} {} neither stopped nor ended after SIGKILL: {}", count,
                                                 count == 1 ? "" : "s", place_of(reports), names)));
}

void check_died(const CgroupReports& reports, AssertResult& result) {
  result.checked.push_back({"died: " + workers_of(reports), reports.step});
  for (const WorkerReport& worker : reports.workers)
    if (worker.died())
      result.details.push_back(detail_of(reports, worker.index, DetailKind::kWorkerDied,
                                         fmt::format("{} died {:.2f} s after its start: {}", worker.name(),
                                                     seconds_of(worker.wall_time_ns), worker.exit)));
}

void check_work(const CgroupReports& reports, AssertResult& result) {
  for (const WorkerReport& worker : reports.workers) {
    if (worker.could_not.empty() || worker.died()) continue;
    Detail detail = detail_of(reports, worker.index, DetailKind::kWorkNotDone,
                              fmt::format("{} could not {}", worker.name(), worker.could_not));
    detail.verdict = Verdict::kInconclusive;
    result.details.push_back(std::move(detail));
  }
}

std::chrono::nanoseconds round_of(const CgroupReports& reports) {
  if (reports.crowding <= 1) return {};
  return std::chrono::nanoseconds(std::llround(2 * reports.crowding * std::chrono::nanoseconds(kLongestSlice).count()));
}

void check_progress(const CgroupReports& reports, AssertResult& result) {
  const std::chrono::nanoseconds round = round_of(reports);
  const auto too_short = [&](const WorkerReport& worker) { return worker.time_awake() < round; };
  const auto short_ones = std::count_if(reports.workers.begin(), reports.workers.end(), too_short);
  result.checked.push_back(
      {fmt::format("progress: {}{}", workers_of(reports),
                   short_ones == 0
                       ? ""
                       : fmt::format(", without {} that had less than {:.0f} ms, two turns of all that share a CPU",
                                     short_ones, ms_of(round))),
       reports.step});
  CpuSet unjudged;  // indexes, for their text
  for (const WorkerReport& worker : reports.workers) {
    if (said_elsewhere(worker) || worker.work_units > 0 || !had_time(worker) || slept_all_along(worker)) continue;
    if (too_short(worker)) {
      unjudged.add(worker.index);
      continue;
    }
    result.details.push_back(measured(detail_of(reports, worker.index, DetailKind::kNoProgress,
                                                fmt::format("{} made no progress (0 work units) in {:.2f} s",
                                                            worker.name(), seconds_of(worker.wall_time_ns))),
                                      0, 1, "work units"));
  }
  note_unjudged(reports, unjudged, round, result);
}

void check_gap(const CgroupReports& reports, std::optional<std::chrono::milliseconds> asked, AssertResult& result) {
  const auto round = std::chrono::ceil<std::chrono::milliseconds>(round_of(reports));
  const std::chrono::milliseconds limit = asked.value_or(std::max(Checks::kDefaultMaxGap, round));
  result.checked.push_back(
      {fmt::format("gap: {}{}, limit {} ms", workers_of(reports), held_text(reports), limit.count()), reports.step});
  for (const WorkerReport& worker : reports.workers) {
    if (said_elsewhere(worker) || std::chrono::nanoseconds(worker.max_gap_ns) <= limit) continue;
    result.details.push_back(measured(detail_of(reports, worker.index, DetailKind::kStuck, gap_message(worker, limit)),
                                      ms_of(worker.max_gap_ns), static_cast<double>(limit.count()), "ms"));
  }
}

void check_spread(const CgroupReports& reports, double limit_pct, AssertResult& result) {
  for (const OffCpuSpread& group : off_cpu_spreads(reports.workers)) {
    if (group.workers < 2) continue;
    if (group.least_awake < kSpreadWindow && reports.crowding > 1) {
      result.checked.push_back(
          {fmt::format("spread: not of {} equal workers {}, which share CPUs and had less than {} s", group.workers,
                       place_of(reports), kSpreadWindow.count()),
           reports.step});
      continue;
    }
    result.checked.push_back({fmt::format("spread: off-CPU shares of {} equal workers {}, limit {}%", group.workers,
                                          place_of(reports), limit_pct),
                              reports.step});
    if (group.spread_pct() <= limit_pct) continue;
    std::string message = fmt::format(
        "unfair: off-CPU share {} from {:.1f}% (worker {}) to {:.1f}% (worker {}), spread {:.1f}% (limit {}%)",
        reports.cgroup.empty() ? place_of(reports) : "in " + reports.cgroup, group.min_pct, group.min_worker,
        group.max_pct, group.max_worker, group.spread_pct(), limit_pct);
    result.details.push_back(measured(detail_of(reports, group.max_worker, DetailKind::kUnfair, std::move(message)),
                                      group.spread_pct(), limit_pct, "%"));
  }
}

void check_isolation(const CgroupReports& reports, AssertResult& result) {
  if (!reports.cpusets.empty())
    result.checked.push_back(
        {fmt::format("isolation: {} in cpuset {}", workers_of(reports), text_of(reports.cpusets)), reports.step});
  for (const WorkerReport& worker : reports.workers) {
    if (worker.cpus_outside.empty()) continue;
    result.details.push_back(
        detail_of(reports, worker.index, DetailKind::kIsolation,
                  fmt::format("{} ran on CPU{} {}, outside its cpuset{}{}", worker.name(),
                              worker.cpus_outside.size() == 1 ? "" : "s", worker.cpus_outside.to_string(),
                              reports.cpusets.empty() ? "" : " " + text_of(reports.cpusets),
                              reports.cpusets.size() > 1 ? " at the time" : "")));
  }
}

AssertResult check_workers(const Checks& checks, const CgroupReports& reports) {
  AssertResult result;
  if (reports.workers.empty()) return result;
  check_end(reports, result);
  check_died(reports, result);
  check_work(reports, result);
  if (reports.has_quota) {
    result.checked.push_back(
        {fmt::format("quota: {}, whose waiting is not judged: they have a CPU quota", workers_of(reports)),
         reports.step});
  } else {
    if (checks.progress_on()) check_progress(reports, result);
    if (!checks.gap_off) check_gap(reports, checks.max_gap, result);
    if (!checks.spread_off) check_spread(reports, checks.spread_limit(), result);
  }
  if (checks.isolation_on()) check_isolation(reports, result);
  note_unresponsive(reports, result);
  return result;
}

}  // namespace ktstr
