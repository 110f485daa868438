// SPDX-License-Identifier: Apache-2.0
//
// A run as text for the person at the terminal: the verdict first, then what explains it, then the numbers, and last
// how to run it again. Pure functions of the record, so that stored files can pin every character (golden/).
#pragma once

#include <cstddef>
#include <string>

#include "results/run_record.h"

namespace ktstr {

struct ReportOptions {
  bool color = false;    // ANSI colours
  bool verbose = false;  // every worker, every check, timeline, captures, whole logs
  // Of a run that did not pass what fits a screen: no logs and no console, and which there are.
  bool brief = false;
  // Lines are fitted to so many columns, but for commands and, when it is verbose, logs; 0: they are as long as they
  // are.
  std::size_t columns = 0;
  std::string story = {};  // of a failure, whole lines that stand below its cause; may have our colours
};

// Ends with a newline. Times are guest time unless they say host.
std::string text_report(const RunRecord& record, const ReportOptions& options = {});
// One line: the verdict, the test, and why, or on what it ran.
std::string verdict_line(const RunRecord& record, const ReportOptions& options = {});

}  // namespace ktstr
