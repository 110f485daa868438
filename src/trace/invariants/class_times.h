// SPDX-License-Identifier: Apache-2.0
//
// For how long tasks of each class have run on each CPU.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "trace/scheduling.h"

namespace ktstr {

class ClassTimes {
 public:
  // After each event that may have changed what a CPU runs.
  void follow(std::uint32_t cpu, const Scheduling& now) {
    if (cpu >= now.cpus().size()) return;
    if (cpu >= cpus_.size()) cpus_.resize(cpu + 1);
    OfCpu& of = cpus_[cpu];
    if (of.runs) of.ran[static_cast<std::size_t>(*of.runs)] += now.now_ns() - of.since_ns;
    of.since_ns = now.now_ns();
    const TaskNow* const task = now.task(now.cpus()[cpu].current);
    of.runs = task != nullptr ? task->sched_class : std::nullopt;
  }

  // Until now, of all classes above this one.
  std::uint64_t above(std::uint32_t cpu, SchedClass sched_class, std::uint64_t now_ns) const {
    if (cpu >= cpus_.size()) return 0;
    const OfCpu& of = cpus_[cpu];
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(sched_class); ++i) sum += of.ran[i];
    if (of.runs && *of.runs < sched_class && now_ns > of.since_ns) sum += now_ns - of.since_ns;
    return sum;
  }

 private:
  struct OfCpu {
    std::array<std::uint64_t, 6> ran{};
    std::optional<SchedClass> runs;
    std::uint64_t since_ns = 0;
  };
  std::vector<OfCpu> cpus_;
};

}  // namespace ktstr
