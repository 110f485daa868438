// SPDX-License-Identifier: Apache-2.0
#include "report/formats/report_format.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "report/page/html_report.h"

namespace ktstr {

namespace {

constexpr ReportFormat kFormats[] = {
    {"html", "one page with timelines, which needs nothing else", html_report, true},
    {"junit", "JUnit XML, which most CI systems read", junit_report},
    {"ktap", "KTAP, as the kernel's own tests print it", ktap_report},
    {"github", "annotations of GitHub Actions; for '-'", github_report, false, true},
    {"markdown", "a summary; for $GITHUB_STEP_SUMMARY", markdown_report},
    {"kcidb", "JSON for KernelCI's database", kcidb_report},
    {"lkp", "'key: value' lines, as LKP's tests have them", lkp_report},
    {"jsonl", "the whole result.json of each run, a line each", json_lines_report, true},
    {"csv", "a line a run, for spreadsheets and scripts", csv_report},
};

}  // namespace

std::span<const ReportFormat> report_formats() { return kFormats; }

Result<ReportTarget> ReportTarget::parse(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const auto format =
      std::find_if(std::begin(kFormats), std::end(kFormats), [&](const ReportFormat& one) { return one.name == name; });
  std::vector<std::string_view> names;
  for (const ReportFormat& one : kFormats) names.emplace_back(one.name);
  if (format == std::end(kFormats))
    return fail(ErrorCode::kInvalidArgument, "'{}' is no format; accepted: {}", name, fmt::join(names, ", "));
  if (colon == std::string_view::npos || colon + 1 == text.size())
    return Error(ErrorCode::kInvalidArgument, fmt::format("'{}' says no file", text))
        .with_hint(fmt::format("{}:FILE, or {}:- for standard output", name, name));
  return ReportTarget{format, std::string(text.substr(colon + 1))};
}

}  // namespace ktstr
