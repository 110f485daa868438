// SPDX-License-Identifier: Apache-2.0
#include "cli/shown_report.h"

#include <algorithm>

#include "base/log.h"
#include "cli/output.h"
#include "cli/why/why.h"
#include "report/text_report.h"

namespace ktstr::cli {

namespace {

constexpr std::size_t kWhereNobodyLooks = 80, kMostColumns = 130, kLabels = 14, kRows = 4;

std::string story_of(const RunRecord& record, bool color, std::size_t columns) {
  const bool failed = record.outcome == Outcome::kFail || record.outcome == Outcome::kInconclusive;
  if (!failed || record.traced.empty() || record.run_dir.empty()) return "";
  const std::size_t width = std::min(columns == 0 ? kWhereNobodyLooks : columns, kMostColumns);
  const auto why = find_out_why(record.run_dir, {.rows = kRows, .columns = width - kLabels});
  if (why) return short_story(*why, color, width);
  log_debug("the report shows nothing of the trace: {}", why.error().message());
  return "";
}

}  // namespace

std::string shown_report(const RunRecord& record, bool verbose) {
  const bool color = stdout_takes_colors();
  const std::size_t columns = stdout_columns();
  return text_report(record, {.color = color,
                              .verbose = verbose,
                              .brief = true,
                              .columns = columns,
                              .story = story_of(record, color, columns)});
}

std::string shown_verdict(const RunRecord& record) { return verdict_line(record, {.color = stdout_takes_colors()}); }

}  // namespace ktstr::cli
