// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "results/run_record.h"

namespace ktstr::cli {

// Finished runs, one line each; ends with how many there are. `all`: of which these are the first.
std::string runs_list_text(const std::vector<RunRecord>& records, std::size_t all);
std::string runs_list_json(const std::vector<RunRecord>& records);

}  // namespace ktstr::cli
