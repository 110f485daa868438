// SPDX-License-Identifier: Apache-2.0
//
// Whether the scheduler under test had anything to do: a run in which it was enabled and ran none of the workers says
// nothing about it.
#pragma once

#include "results/run_record.h"
#include "runner/collector.h"
#include "runner/runner.h"

namespace ktstr {

// Of a run with a scheduler that was attached. No worker ever in class ext: an inconclusive detail of kind
// scheduler_not_used, unless Checks::scheduler_used is off. Only some cgroups: a note that names the others. Where
// there are no workers, the guest has judged the payloads (scenario/world_use.cpp), and nothing is added here.
void judge_use(const RunRequest& request, const GuestStory& story, RunRecord& record);

}  // namespace ktstr
