// SPDX-License-Identifier: Apache-2.0
//
// By which limits the recorder's invariants judge a run: what its test says, or what its scheduler and machine imply.
#pragma once

#include "runner/collector.h"
#include "runner/runner.h"
#include "trace/invariants/invariants.h"

namespace ktstr {

// `story`: when which scheduler was in charge.
InvariantLimits trace_limits(const RunRequest& request, const GuestStory& story);

// Whether a run with these limits is judged by it at all.
bool is_judged(Invariant invariant, const InvariantLimits& limits, const RunRequest& request);

// Whether the test itself has set its limit: then it is missed where nothing can be judged.
bool is_asked_for(Invariant invariant, const Checks& checks);
bool is_any_asked_for(const Checks& checks);

}  // namespace ktstr
