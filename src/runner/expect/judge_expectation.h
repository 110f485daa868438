// SPDX-License-Identifier: Apache-2.0
//
// A failure that was expected: a run with it passes, and any other fails.
#pragma once

#include "ktstr/expected_failure.h"
#include "results/run_record.h"
#include "runner/collector.h"

namespace ktstr {

// Turns the outcome round where a failure was expected. What was said beside it is in the story.
void judge_expectation(const ExpectedFailure& expected, const GuestStory& story, RunRecord& record);

}  // namespace ktstr
