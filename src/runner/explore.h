// SPDX-License-Identifier: Apache-2.0
//
// Which of many failures are the same one.
#pragma once

#include <cstdint>
#include <vector>

#include "results/exploration.h"
#include "results/run_record.h"

namespace ktstr {

// Adds a failed run to the group of those like it, as `member`: a seed or the number of a cell. Members come in rising
// order. Where several are of one group, the first describes it.
void add_failure(std::vector<FailureGroup>& groups, const RunRecord& record, std::uint64_t member);

// Adds what the run of one seed has found. Seeds must come in rising order.
void add_to(Exploration& found, const RunRecord& record);

}  // namespace ktstr
