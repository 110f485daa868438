// SPDX-License-Identifier: Apache-2.0
//
// On this machine other programs share the CPUs with a run. Where they took much of them, a worker that waited too long
// may have waited for them, and says nothing about the scheduler.
#pragma once

#include "host/cpu_use.h"
#include "results/run_record.h"

namespace ktstr {

// In percent of the CPUs of a run: more than this, and a failed check of timing is inconclusive.
constexpr double kMostOfOthers = 5.0;

// Whether it is a measured finding about how long workers waited: a gap, a spread, a share of CPU time.
bool is_of_timing(const Detail& detail);

// Makes failed checks of timing inconclusive where others used more than kMostOfOthers: of the CPUs that the run might
// use, or of those of a worker that the finding may be about. Adds a note that says how much it was at most.
void judge_load(const CpuUse& use, RunRecord& record);

}  // namespace ktstr
