// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/judge_load.h"

#include <fmt/format.h>

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

CpuSet used_cpus(const RunRecord& record) {
  CpuSet cpus;
  for (const auto& worker : record.workers) cpus = cpus.union_with(worker.cpus_used);
  return cpus;
}

}  // namespace

bool is_of_timing(const Detail& detail) {
  // Without a measure it is about a worker that does not end.
  return detail.measured &&
         (detail.kind == DetailKind::kUnfair || detail.kind == DetailKind::kStuck || detail.kind == DetailKind::kShare);
}

void judge_load(const CpuUse& use, RunRecord& record) {
  CpuSet cpus = allowed_cpus(use, record);
  double pct = use.others_pct(cpus);
  if (const CpuSet used = used_cpus(record); use.others_pct(used) > pct) {
    pct = use.others_pct(used);
    cpus = used;
  }
  const std::string words = fmt::format("other programs used {:.0f}% of CPU{} {} meanwhile", pct,
                                        cpus.size() == 1 ? "" : "s", cpus.to_string());
  for (Detail& detail : record.details) {
    if (pct <= kMostOfOthers || detail.verdict != Verdict::kFail || !is_of_timing(detail)) continue;
    detail.verdict = Verdict::kInconclusive;
    detail.message += "; " + words;
  }
  record.details.push_back({.verdict = Verdict::kPass,
                            .kind = DetailKind::kNote,
                            .message = words,
                            .measured = pct,
                            .limit = kMostOfOthers,
                            .unit = "%"});
}

}  // namespace ktstr
