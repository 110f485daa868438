// SPDX-License-Identifier: Apache-2.0
//
// What happened to the scheduler under test, and what that means.
#pragma once

#include "results/run_record.h"
#include "runner/collector.h"
#include "runner/runner.h"

namespace ktstr {

// What was seen of each scheduler, into `record`, which may have the first one's command already. Who ended the last
// one, judge_scheduler() says.
void describe_schedulers(const GuestStory& story, RunRecord& record);

// Fills the schedulers' part of `record` and adds what is wrong with them, in front: of each at most one failing detail
// of how it ended, which explains what failed after it, and one of how it was unloaded. Orderly ends that the test
// itself causes are none: what an op asked for, or that the kernel ends a scheduler on CPU hotplug, and it attaches
// again (a note). Nothing where the request names no scheduler.
void judge_scheduler(const RunRequest& request, const GuestStory& story, const PhaseLimits& limits, RunRecord& record);

}  // namespace ktstr
