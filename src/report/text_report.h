// SPDX-License-Identifier: Apache-2.0
//
// A run as text for the person at the terminal: the verdict first, then what explains it, then the numbers, and last
// how to run it again. Pure functions of the record, so that stored files can pin every character (golden/).
#pragma once

#include <string>

#include "results/run_record.h"

namespace ktstr {

struct ReportOptions {
  bool color = false;    // ANSI colours
  bool verbose = false;  // every worker, every check, timeline, captures, whole logs
};

// Ends with a newline. Times are guest time unless they say host.
std::string text_report(const RunRecord& record, const ReportOptions& options = {});

}  // namespace ktstr
