// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "results/run_record.h"

namespace ktstr::cli {

// Finished runs, one line each; ends with how many there are. `all`: of which these are the first.
// `columns` as Table::render() has them.
std::string runs_list_text(const std::vector<RunRecord>& records, std::size_t all, std::size_t columns = 0);
std::string runs_list_json(const std::vector<RunRecord>& records);

}  // namespace ktstr::cli
