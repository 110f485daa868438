// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/judge_load.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

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

struct Load {
  double pct = 0;
  CpuSet cpus;
};

// What others used of the CPUs of those whom a finding may be about. Workers that were on the same CPUs are one: there
// may be thousands of them, and of such sets few.
class OthersUse {
 public:
  OthersUse(const CpuUse& use, const RunRecord& record) : use_(use), record_(record) {
    Nanoseconds of_workers{};
    for (const WorkerReport& worker : record.workers) {
      Place& place = places_[worker.cpus_used.to_string()];
      place.load.cpus = worker.cpus_used;
      place.took += Nanoseconds(worker.cpu_time_ns);
      of_workers += Nanoseconds(worker.cpu_time_ns);
    }
    // The harness may have been anywhere. Where there are payloads nobody knows which CPUs had them, and none of that
    // counts as ours.
    if (record.payloads.empty()) rest_ = std::max(use.ours - of_workers, Nanoseconds(0));
    for (auto& [cpus, place] : places_) place.load = on(place.load.cpus);
    allowed_ = on(allowed_cpus(use, record));
  }

  // Where they took most: on a wide machine one program on one CPU is little of all of them, and all of the one that a
  // worker is held on. `cgroup` empty, `worker` -1: about anybody.
  Load most(const std::string& cgroup, int worker) const {
    Load load = allowed_;
    for (const WorkerReport& each : record_.workers) {
      const auto& [its_cgroup, index, step] = each.who();
      if ((!cgroup.empty() && its_cgroup != cgroup) || (worker >= 0 && index != worker)) continue;
      const Load& there = places_.at(each.cpus_used.to_string()).load;
      if (there.pct > load.pct) load = there;
    }
    return load;
  }

 private:
  struct Place {
    Nanoseconds took{};  // by workers that were there
    Load load;
  };

  Load on(const CpuSet& cpus) const {
    Nanoseconds ours = rest_;
    for (const auto& [name, place] : places_)
      if (!place.load.cpus.intersection(cpus).empty()) ours += place.took;
    return {use_.others_pct(cpus, ours), cpus};
  }

  const CpuUse& use_;
  const RunRecord& record_;
  std::map<std::string, Place> places_;  // by their CPUs
  Nanoseconds rest_{};
  Load allowed_;
};

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
  const OthersUse others(use, record);
  for (Detail& detail : record.details) {
    if (detail.verdict != Verdict::kFail || !is_of_timing(detail)) continue;
    // A share is of all that run beside the cgroup.
    const std::string cgroup = detail.kind == DetailKind::kShare ? "" : detail.cgroup;
    const Load load = others.most(cgroup, cgroup.empty() ? -1 : detail.worker);
    if (load.pct <= kMostOfOthers) continue;
    detail.verdict = Verdict::kInconclusive;
    detail.message += "; " + words_of(load);
  }
  const Load load = others.most("", -1);
  record.details.push_back({.verdict = Verdict::kPass,
                            .kind = DetailKind::kNote,
                            .message = words_of(load),
                            .measured = load.pct,
                            .limit = kMostOfOthers,
                            .unit = "%"});
}

}  // namespace ktstr
