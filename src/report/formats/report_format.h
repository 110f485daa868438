// SPDX-License-Identifier: Apache-2.0
//
// Results in the formats of other programs, one row each: --report FORMAT:PATH.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "report/formats/reported_run.h"

namespace ktstr {

struct ReportFormat {
  const char* name;
  const char* meaning;  // for the help and the guide
  // Of all runs of a command, in their order. UTF-8 without control characters of others.
  std::string (*render)(std::span<const ReportedRun> runs);
  bool wants_record = false;
  bool beside_text = false;  // on standard output it goes well with the reports for people
};
std::span<const ReportFormat> report_formats();

// A format and where it goes: "junit:results.xml"; "-" is standard output.
struct ReportTarget {
  const ReportFormat* format = nullptr;
  std::string path;
  // kInvalidArgument: no such format, or no path.
  static Result<ReportTarget> parse(std::string_view text);
};

// One function a format; each in a file of its name.
std::string junit_report(std::span<const ReportedRun> runs);
std::string ktap_report(std::span<const ReportedRun> runs);
std::string github_report(std::span<const ReportedRun> runs);
std::string markdown_report(std::span<const ReportedRun> runs);
std::string kcidb_report(std::span<const ReportedRun> runs);
std::string lkp_report(std::span<const ReportedRun> runs);
std::string json_lines_report(std::span<const ReportedRun> runs);
std::string csv_report(std::span<const ReportedRun> runs);

}  // namespace ktstr
