// SPDX-License-Identifier: Apache-2.0
//
// How much of this machine's CPUs programs other than ours used: what the kernel counts as busy (/proc/stat, proc(5))
// without what our processes took. They share the CPUs with a run in host mode, and its workers wait for them.
#pragma once

#include <map>

#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"
#include "ktstr/topology.h"

namespace ktstr {

struct CpuTimes {
  Nanoseconds at{};  // CLOCK_MONOTONIC
  struct OfCpu {
    Nanoseconds busy{}, idle{};
  };
  std::map<Cpu, OfCpu> cpus;  // that were online
};
// kUnsupported where /proc/stat is not the kernel's.
Result<CpuTimes> read_cpu_times(const fs::path& proc_root);

// Over some time.
struct CpuUse {
  Nanoseconds window{};
  Nanoseconds ours{};               // that our processes took, on whatever CPUs
  CpuSet allowed;                   // CPUs that they may use
  std::map<Cpu, Nanoseconds> busy;  // of whomever
  // What others used of these CPUs, 0 to 100, where we took `ours_there` of them. The counters' resolution (10 ms) is
  // not taken for use.
  double others_pct(const CpuSet& cpus, Nanoseconds ours_there) const;
};
CpuUse cpu_use_between(const CpuTimes& before, const CpuTimes& after, Nanoseconds ours, CpuSet allowed);

}  // namespace ktstr
