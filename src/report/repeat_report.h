// SPDX-License-Identifier: Apache-2.0
//
// Several runs of one request: did they all do the same?
#pragma once

#include <string>
#include <vector>

#include "results/run_record.h"

namespace ktstr {

// One line with the verdicts and whether the digests are equal; where they are not, what differs first and what may be
// why. Ends with a newline; "" for no runs.
std::string repeat_summary(const std::vector<RunRecord>& records);

// The first thing in which two runs differ, the inputs before what they led to: "step 1 began at 1.20ms and at 1.30ms".
// "" when nothing that a record holds differs.
std::string first_difference(const RunRecord& a, const RunRecord& b);

// results' JSON: of one run its object, of several {"runs": [...], "digests_equal": bool}.
std::string json_report(const std::vector<RunRecord>& records);

}  // namespace ktstr
