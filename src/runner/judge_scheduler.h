// SPDX-License-Identifier: Apache-2.0
//
// What happened to the scheduler under test, and what that means.
#pragma once

#include "results/run_record.h"
#include "runner/collector.h"
#include "runner/runner.h"

namespace ktstr {

// Fills the scheduler's part of `record` and adds at most one failing detail about it, in front: a scheduler that ended
// explains what failed after it. Nothing where the request names no scheduler.
void judge_scheduler(const RunRequest& request, const GuestStory& story, const PhaseLimits& limits, RunRecord& record);

}  // namespace ktstr
