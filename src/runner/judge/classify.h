// SPDX-License-Identifier: Apache-2.0
//
// From what happened to what it means. The order matters: an interrupted run says nothing; a guest that was lost says
// nothing about the scheduler; a scheduler that died explains everything that failed after it, so its detail comes
// first.
#pragma once

#include "engine/guest.h"
#include "host/cpu_use.h"
#include "results/run_record.h"
#include "runner/collector.h"
#include "runner/runner.h"

namespace ktstr {

// What there is beside the story; null where it is not known.
struct Evidence {
  const CpuUse* cpu_use = nullptr;  // of a run on this machine
  const fs::path* trace = nullptr;  // of a guest with a recorder, its file
};

// Fills outcome, error, all that the body said and the scheduler's part of `record`.
void classify(const RunRequest& request, const GuestStory& story, const GuestOutcome& guest, RunRecord& record,
              const Evidence& evidence = {});

// An Error while preparing. `of_user`: it is about something that the user named.
Outcome outcome_of_error(const Error& error, bool of_user);

}  // namespace ktstr
