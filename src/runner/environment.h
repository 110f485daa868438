// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runner/runner.h"

namespace ktstr {

// Whether there is a place for this user's files, state and cache; else why not: without HOME and an entry in the
// password database RunnerEnvironment::from_process() knows none.
Status has_directories(const RunnerEnvironment& environment);

}  // namespace ktstr
