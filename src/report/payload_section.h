// SPDX-License-Identifier: Apache-2.0
//
// What the payloads of a run measured, and what they said where they did not do well.
#pragma once

#include <string>
#include <vector>

#include "results/run_record.h"

namespace ktstr {

// A line a payload and one for each further metric: how it ended, what was measured, which way is better. Below it, the
// metrics that its output did not hold, with the reason. "" where there was no payload.
std::string payload_table(const RunRecord& record, std::string_view indent);

struct PayloadOutput {
  std::string title;  // "Output of fio in cg_0, step 2"
  std::vector<std::string> lines;
};
// The last lines of those that ended badly or whose metrics are missing; of all of them where `all`.
std::vector<PayloadOutput> payload_output(const RunRecord& record, bool all);

// "before: 3 tasks in cg_0 (step 1): 101 102 103", a line a capture.
std::vector<std::string> capture_lines(const std::vector<ProcsCapture>& captures);

}  // namespace ktstr
