// SPDX-License-Identifier: Apache-2.0
#include "report/formats/report_format.h"
#include "results/run_record_json.h"

namespace ktstr {

std::string json_lines_report(std::span<const ReportedRun> runs) {
  std::string text;
  for (const ReportedRun& run : runs) text += to_json_line(*run.record) + "\n";
  return text;
}

}  // namespace ktstr
