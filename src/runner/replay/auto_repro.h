// SPDX-License-Identifier: Apache-2.0
//
// A failure, replayed at once with probes: of the BPF scheduler's callbacks with their arguments and what they answer,
// and of the functions of the stack that the kernel printed. In det mode that is the same run to the bit; a failure of
// another mode is looked for in det mode first.
#pragma once

#include "results/run_record.h"
#include "runner/runner.h"

namespace ktstr {

// Whether `failed` is a failure of the request's that a replay can say more about.
bool can_reproduce(const RunRequest& request, const RunRecord& failed);

Repro reproduce(const RunRequest& request, const RunRecord& failed, const RunnerEnvironment& environment);

}  // namespace ktstr
