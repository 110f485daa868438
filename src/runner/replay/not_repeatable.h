// SPDX-License-Identifier: Apache-2.0
//
// Two runs of one tuple that differ: where, and what follows for the later one.
#pragma once

#include <string>

#include "results/run_record.h"

namespace ktstr {

// Where the event streams of two runs, in their directories, first differ.
std::string first_event_difference(const RunRecord& first, const RunRecord& later);

// Makes the later run fail, also in its directory. `than_what` ends "this run differs from ...".
void fail_as_not_repeatable(const std::string& than_what, const std::string& difference, RunRecord& later);

}  // namespace ktstr
