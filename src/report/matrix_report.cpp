// SPDX-License-Identifier: Apache-2.0
#include "report/matrix_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "report/failure_sections.h"
#include "report/repeat_report.h"
#include "report/style.h"
#include "report/table.h"
#include "report/units.h"
#include "results/run_record_json.h"

namespace ktstr {

namespace {

constexpr std::size_t kLineWidth = 80, kLeastWidth = 8;
constexpr std::string_view kIndent = "  ", kCut = "...";

bool has_several_tests(const BatchResult& found) { return found.cells.back().test_index > 0; }

// The end of a text says more than its start: of a program's path, the program.
std::string end_of(const std::string& text, std::size_t width) {
  if (text.size() <= width) return text;
  std::size_t from = text.size() - (width - kCut.size());
  while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xc0) == 0x80) ++from;  // within UTF-8
  return std::string(kCut) + text.substr(from);
}

// What tells the cells apart, by columns: each cell's test, and its value of each axis.
class Columns {
 public:
  explicit Columns(const BatchResult& found) {
    if (has_several_tests(found)) {
      std::vector<std::string>& tests = texts_of("test");
      for (const Cell& cell : found.cells) tests.push_back(printable(cell.test));
    }
    for (const Cell& cell : found.cells)
      for (const AxisValue& value : cell.values) texts_of(value.axis);
    for (const Cell& cell : found.cells)
      for (auto& [heading, texts] : columns_)
        if (texts.size() < cell.number) texts.push_back(value_of(cell, heading));
  }

  std::vector<std::string> headings() const {
    std::vector<std::string> headings;
    for (const auto& [heading, texts] : columns_) headings.push_back(heading);
    return headings;
  }
  std::vector<std::string> row(std::size_t index, std::size_t most_width) const {
    std::vector<std::string> row;
    for (const auto& [heading, texts] : columns_) row.push_back(end_of(texts[index], most_width));
    return row;
  }

 private:
  std::vector<std::string>& texts_of(const std::string& heading) {
    const auto known =
        std::find_if(columns_.begin(), columns_.end(), [&](const auto& c) { return c.first == heading; });
    return known != columns_.end() ? known->second : columns_.emplace_back(heading, std::vector<std::string>()).second;
  }
  static std::string value_of(const Cell& cell, const std::string& axis) {
    for (const AxisValue& value : cell.values)
      if (value.axis == axis) return value.value.empty() ? "''" : printable(value.value);
    return "-";  // it means nothing to this test
  }

  std::vector<std::pair<std::string, std::vector<std::string>>> columns_;
};

// "18 pass, 2 fail, 1 not run".
std::string counts_text(const std::map<Outcome, int>& counts, std::uint64_t not_run) {
  std::string text;
  const auto add = [&](std::uint64_t count, std::string_view what) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
  };
  for (const auto& [outcome, count] : counts) add(static_cast<std::uint64_t>(count), to_string(outcome));
  add(not_run, "not run");
  return text;
}

std::string table(const BatchResult& found, const Columns& columns, std::size_t most_width) {
  std::vector<std::string> headings = columns.headings();
  headings.insert(headings.begin(), "cell");
  headings.emplace_back("runs");
  std::vector<std::size_t> texts(headings.size());
  std::iota(texts.begin(), texts.end(), 0);
  Table table(std::move(headings), std::move(texts));
  for (std::size_t i = 0; i < found.cells.size(); ++i) {
    const Cell& cell = found.cells[i];
    std::vector<std::string> row = columns.row(i, most_width);
    row.insert(row.begin(), std::to_string(cell.number));
    row.push_back(counts_text(cell.counts, cell.not_run()));
    table.add(std::move(row));
  }
  return table.render(kIndent);
}

std::size_t widest_line(std::string_view text) {
  std::size_t widest = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    widest = std::max(widest, end);
    text.remove_prefix(end + 1);
  }
  return widest;
}

// With values as short as is needed, and not shorter than can be read.
std::string fitting_table(const BatchResult& found) {
  const Columns columns(found);
  std::size_t width = kLineWidth;
  std::string text = table(found, columns, width);
  while (widest_line(text) > kLineWidth && width > kLeastWidth) text = table(found, columns, --width);
  return text;
}

// "4 cells: 3 pass, 1 fail".
std::string cells_by_outcome(const BatchResult& found) {
  std::map<Outcome, int> cells;
  std::uint64_t not_run = 0;
  for (const Cell& cell : found.cells) {
    if (const auto worst = worst_outcome(cell))
      ++cells[*worst];
    else
      ++not_run;
  }
  return fmt::format("{}: {}", counted(found.cells.size(), "cell"), counts_text(cells, not_run));
}

Outcome worst_of(const BatchResult& found) {
  std::optional<Outcome> worst;
  for (const auto& [outcome, count] : found.tests_by_outcome())
    worst = worse_outcome(worst.value_or(Outcome::kSkip), outcome);
  return worst.value_or(Outcome::kInterrupted);
}

}  // namespace

std::string matrix_report(const BatchResult& found, bool color) {
  const Style style(color);
  const std::string test = has_several_tests(found) ? "" : printable(found.cells.front().test) + ", ";
  return fmt::format("{}  {}{}\n", style.verdict(worst_of(found)), test, cells_by_outcome(found)) +
         fitting_table(found) + failure_sections(found.groups, "cell", style);
}

std::string json_report(const BatchResult& found) {
  if (found.cells.size() == 1) return json_report(found.cells.front().records);
  std::vector<RunRecord> records;
  for (const Cell& cell : found.cells) records.insert(records.end(), cell.records.begin(), cell.records.end());
  return to_json(records, std::all_of(found.cells.begin(), found.cells.end(),
                                      [](const Cell& cell) { return digests_equal(cell.records); }));
}

}  // namespace ktstr
