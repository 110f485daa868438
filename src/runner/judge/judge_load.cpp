// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/judge_load.h"

#include <fmt/format.h>

#include <algorithm>

namespace ktstr {

namespace {

// What the cgroups' cpusets allow; all that we may use where there is none.
CpuSet allowed_cpus(const CpuUse& use, const RunRecord& record) {
  CpuSet cpus;
  for (const CgroupStats& stats : record.cgroups) {
    if (stats.cpuset.empty()) return use.allowed;
    cpus = cpus.union_with(stats.cpuset);
  }
  return cpus.empty() ? use.allowed : cpus;
}

// Of our processes' time, what may have been spent on these CPUs: of workers what those took that were there, of the
// harness all. Where there are payloads nobody knows which CPUs had them, and nothing of that counts.
Nanoseconds ours_on(const CpuUse& use, const CpuSet& cpus, const RunRecord& record) {
  Nanoseconds of_workers{}, there{};
  for (const WorkerReport& worker : record.workers) {
    const Nanoseconds took(worker.cpu_time_ns);
    of_workers += took;
    if (!worker.cpus_used.intersection(cpus).empty()) there += took;
  }
  const Nanoseconds rest = std::max(use.ours - of_workers, Nanoseconds(0));
  return there + (record.payloads.empty() ? rest : Nanoseconds(0));
}

struct Load {
  double pct = 0;
  CpuSet cpus;
};

void take_worse(const CpuUse& use, const CpuSet& cpus, const RunRecord& record, Load& load) {
  const double pct = use.others_pct(cpus, ours_on(use, cpus, record));
  if (pct > load.pct || load.cpus.empty()) load = {pct, cpus};
}

// Where others took most, of the CPUs of those whom a finding may be about: on a wide machine one program on one CPU is
// little of all of them, and all of the one that a worker is held on. `cgroup` empty: about anybody.
Load load_of(const CpuUse& use, const RunRecord& record, const std::string& cgroup, int worker) {
  Load load;
  take_worse(use, allowed_cpus(use, record), record, load);
  for (const WorkerReport& each : record.workers) {
    if (!cgroup.empty() && each.cgroup != cgroup) continue;
    if (worker >= 0 && each.index != worker) continue;
    take_worse(use, each.cpus_used, record, load);
  }
  return load;
}

std::string words_of(const Load& load) {
  return fmt::format("other programs used {:.0f}% of CPU{} {} meanwhile", load.pct, load.cpus.size() == 1 ? "" : "s",
                     load.cpus.to_string());
}

}  // namespace

bool is_of_timing(const Detail& detail) {
  // Without a measure it is about a worker that does not end.
  return detail.measured &&
         (detail.kind == DetailKind::kUnfair || detail.kind == DetailKind::kStuck || detail.kind == DetailKind::kShare);
}

void judge_load(const CpuUse& use, RunRecord& record) {
  for (Detail& detail : record.details) {
    if (detail.verdict != Verdict::kFail || !is_of_timing(detail)) continue;
    // A share is of all that run beside the cgroup.
    const std::string cgroup = detail.kind == DetailKind::kShare ? "" : detail.cgroup;
    const Load load = load_of(use, record, cgroup, cgroup.empty() ? -1 : detail.worker);
    if (load.pct <= kMostOfOthers) continue;
    detail.verdict = Verdict::kInconclusive;
    detail.message += "; " + words_of(load);
  }
  const Load load = load_of(use, record, "", -1);
  record.details.push_back({.verdict = Verdict::kPass,
                            .kind = DetailKind::kNote,
                            .message = words_of(load),
                            .measured = load.pct,
                            .limit = kMostOfOthers,
                            .unit = "%"});
}

}  // namespace ktstr
