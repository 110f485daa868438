// SPDX-License-Identifier: Apache-2.0
//
// What the replay of a failure with probes saw (RunRecord::repro).
#pragma once

#include <string>
#include <vector>

#include "results/run_record.h"

namespace ktstr {

// How it was replayed and what is not known, then for each task and the CPU where it ended the last calls, with seconds
// into the body. Empty where none was asked for.
std::vector<std::string> repro_lines(const RunRecord& record);

}  // namespace ktstr
