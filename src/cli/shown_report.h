// SPDX-License-Identifier: Apache-2.0
//
// A run's report as the person at this terminal gets it: fitted to it, and of a failure with what its trace shows.
#pragma once

#include <string>

#include "results/run_record.h"

namespace ktstr::cli {

std::string shown_report(const RunRecord& record, bool verbose);
// One line.
std::string shown_verdict(const RunRecord& record);

}  // namespace ktstr::cli
