// SPDX-License-Identifier: Apache-2.0
//
// What the recorder saw, judged: invariants over every event of the body, and for each finding what happened instead
// and whose doing it was.
#pragma once

#include "base/file.h"
#include "results/run_record.h"
#include "runner/collector.h"
#include "runner/runner.h"

namespace ktstr {

// `trace`: of a guest's run that had a body. Adds findings, what was looked at, and to findings about workers that were
// kept from running what the trace says of them. A trace that cannot be read, or that ends before the body does, is
// lost evidence.
void judge_trace(const fs::path& trace, const RunRequest& request, const GuestStory& story, RunRecord& record);

// Whether only the recorder sees failures of this kind.
bool is_of_trace(DetailKind kind);

}  // namespace ktstr
