// SPDX-License-Identifier: Apache-2.0
#include "report/formats/report_format.h"

namespace ktstr {

std::string json_lines_report(std::span<const ReportedRun> runs) {
  std::string text;
  for (const ReportedRun& run : runs) text += run.json + "\n";
  return text;
}

}  // namespace ktstr
