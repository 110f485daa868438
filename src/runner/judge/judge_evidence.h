// SPDX-License-Identifier: Apache-2.0
//
// Whether all that a verdict rests on has come. A run whose records, result or logs are missing in part has not passed,
// whatever the rest says; it has not failed for that either. What printed without end is a failure of its own.
#pragma once

#include "engine/guest.h"
#include "results/run_record.h"
#include "runner/collector.h"

namespace ktstr {

// What a scheduler may print while the body runs: this much at once, and as much again each second of guest time.
constexpr Bytes kMostPrinted = Bytes{256} << 10;

// The same for the guest's console, where it is longer than what is kept of it. A kernel's report takes some KiB.
constexpr Bytes kMostOnConsole = Bytes{512} << 10;

// Of a guest that came to its end. Adds details: a flood before those that are not about the scheduler, lost evidence
// after all others. `body_was_due`: the scheduler, if any, was attached, so that a body ran.
void judge_evidence(const GuestStory& story, const GuestOutcome& guest, bool body_was_due, RunRecord& record);

// Of one that was ended because it printed or reported too much (kFlood, kTooMuchSaid): the detail that says so.
Detail too_much(const GuestStory& story, const GuestOutcome& guest);

// Whether the record holds a kLostEvidence that does not pass.
bool evidence_is_lost(const RunRecord& record);

}  // namespace ktstr
