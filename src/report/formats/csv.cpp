// SPDX-License-Identifier: Apache-2.0
//
// A line a run, as RFC 4180 has it, but that lines end as they do here.
#include <fmt/format.h>

#include "base/text/printable.h"
#include "report/formats/escapes.h"
#include "report/formats/report_format.h"

namespace ktstr {

namespace {

// Of ReportedRun::properties.
constexpr const char* kColumns[] = {"topology", "kernel", "scheduler", "seed", "mode", "digest"};

// A text that a spreadsheet would take for a formula gets what makes it a text there.
std::string csv_cell(std::string_view text) {
  const std::string clean = escaped(text);
  const bool is_formula = clean.find_first_of("=+-@\t") == 0;
  return fmt::format("\"{}{}\"", is_formula ? "'" : "", with_replaced(clean, {{'"', "\"\""}}));
}

}  // namespace

std::string csv_report(std::span<const ReportedRun> runs) {
  std::string text = "run,test,name,outcome,kind,message,started_at,host_seconds";
  for (const char* column : kColumns) text += fmt::format(",{}", column);
  text += "\n";
  for (const ReportedRun& run : runs) {
    text += fmt::format("{},{},{},{},{},{},{},{:.3f}", csv_cell(run.id), csv_cell(run.test), csv_cell(run.name),
                        to_string(run.outcome), run.kind, csv_cell(run.message), run.started_at, run.host_seconds);
    for (const char* column : kColumns) text += "," + csv_cell(run.property(column));
    text += "\n";
  }
  return text;
}

}  // namespace ktstr
