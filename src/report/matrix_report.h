// SPDX-License-Identifier: Apache-2.0
//
// What the cells of a matrix have found, for people and for programs.
#pragma once

#include <string>

#include "results/batch_result.h"

namespace ktstr {

// A table of the cells with their runs by outcome, then each group of failures with the command that repeats its first
// cell: the first group's is the first cell that failed. Ends with a newline.
std::string matrix_report(const BatchResult& found, bool color = false);

// Of one cell as of its runs (repeat_report.h), of a matrix {"runs": [...], "digests_equal": bool}, the latter whether
// those of each cell are.
std::string json_report(const BatchResult& found);

}  // namespace ktstr
