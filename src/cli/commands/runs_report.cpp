// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/runs_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/text/printable.h"
#include "report/formats/reported_run.h"
#include "report/table.h"
#include "report/units.h"

namespace ktstr::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kSchedulerWidth = 24, kWhyWidth = 60;
// What is left for the reason before other columns go, and with which it goes, too.
constexpr std::size_t kGoodWhy = 24, kLeastWhy = 8;
const std::vector<std::size_t> kExpendable = {3, 5, 2, 4, 6};

// Without the directories of its program, which say little.
std::string_view short_command(std::string_view command) {
  const std::size_t end = std::min(command.find(' '), command.size());
  const std::size_t slash = command.rfind('/', end);
  return slash == std::string_view::npos ? command : command.substr(slash + 1);
}

std::string in_column(std::string_view text, std::size_t width) {
  return shortened(escaped(text.substr(0, text.find('\n'))), width);
}

Table runs_table(const std::vector<RunRecord>& records, std::size_t why_width) {
  Table table({"run", "outcome", "topology", "kernel", "scheduler", "seed", "why"}, {1, 2, 3, 4, 6});
  for (const RunRecord& record : records) {
    const ReportedRun run = reported(record, false);
    table.add({escaped(run.id), std::string(to_string(run.outcome)), std::string(run.property("topology")),
               in_column(run.property("kernel"), kNameWidth),
               in_column(short_command(run.property("scheduler")), kSchedulerWidth), std::string(run.property("seed")),
               why_width == 0 ? "" : in_column(run.message, why_width)});
  }
  return table;
}

// How wide the reasons may be: what the other columns leave.
std::size_t width_for_why(const std::vector<RunRecord>& records, std::size_t columns) {
  if (columns == 0) return kWhyWidth;
  const std::string others =
      runs_table(records, 0).render("", columns - std::min(columns - 1, kGoodWhy + 2), kExpendable);
  std::size_t used = 0;
  std::istringstream lines(others);
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with('(')) used = std::max(used, line.size() + 2);
  return std::clamp(columns - std::min(columns, used), kLeastWhy, kWhyWidth);
}

}  // namespace

std::string runs_list_text(const std::vector<RunRecord>& records, std::size_t all, std::size_t columns) {
  if (records.empty()) return "no such runs; 'ktstr run' and test programs keep the last 200\n";
  std::string text = runs_table(records, width_for_why(records, columns)).render("", columns, kExpendable);
  if (records.size() < all) text += fmt::format("the newest {} of {}; -n N shows more\n", records.size(), all);
  return text;
}

std::string runs_list_json(const std::vector<RunRecord>& records) {
  Json list = Json::array();
  for (const RunRecord& record : records) {
    const ReportedRun run = reported(record, false);
    Json one = {{"id", run.id},
                {"test", run.test},
                {"outcome", to_string(run.outcome)},
                {"kind", run.kind},
                {"message", run.message},
                {"started_at", run.started_at},
                {"host_seconds", run.host_seconds},
                {"run_dir", record.run_dir}};
    for (const auto& [key, value] : run.properties) one[key] = value;
    list.push_back(std::move(one));
  }
  return list.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ktstr::cli
