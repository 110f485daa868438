// SPDX-License-Identifier: Apache-2.0
//
// The verdict on the guest's kernel itself: what it reported about its own faults, what its taint says, and where it
// stood when it gave no sign of life any more. Whatever scheduler is under test: a fault of the kernel is never put
// down to the scheduler by name.
#pragma once

#include "engine/guest.h"
#include "results/run_record.h"
#include "runner/collector.h"
#include "runner/runner.h"

namespace ktstr {

// Adds the findings about the kernel to `record`, with the beginning of each report (RunRecord::kernel_reports). Called
// for every run that got as far as the test.
void judge_kernel(const RunRequest& request, const GuestStory& story, const GuestOutcome& guest, RunRecord& record);

// A guest got on too slowly while CPUs were held in it (RunRequest::schedule): those that wait for one, spinning, are
// slow to emulate. It says nothing about the kernel.
bool crawls_by_holds(const RunRequest& request, const GuestOutcome& guest);

// For a guest that did not get to its end, or whose agent failed: true when that, or what the kernel reported before,
// is a failure; `record` then has it, and the outcome. False: the run says nothing about the kernel. The scheduler is
// not judged, only its state kept.
bool judge_lost_guest(const RunRequest& request, const GuestStory& story, const GuestOutcome& guest, RunRecord& record);

// Whether the scheduler had failed to attach or had ended when the guest was last heard of: of one that had not, a lost
// guest says nothing.
bool scheduler_had_ended(const GuestStory& story);

}  // namespace ktstr
