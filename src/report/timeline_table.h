// SPDX-License-Identifier: Apache-2.0
//
// What a scenario did to the system, step by step, beside how fast its workers were and what was found in it.
#pragma once

#include <string>

#include "results/run_record.h"

namespace ktstr {

// A line a step; "" where no step ran.
std::string timeline_table(const RunRecord& record, std::string_view indent);
// Whether a failure is clearer with it: there are several steps, ops, or a step that came to no hold.
bool timeline_explains(const RunRecord& record);

}  // namespace ktstr
