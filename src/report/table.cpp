// SPDX-License-Identifier: Apache-2.0
#include "report/table.h"

#include <fmt/core.h>

#include <algorithm>

#include "report/units.h"

namespace ktstr {

bool Table::is_text(std::size_t column) const {
  return column == 0 || std::find(texts_.begin(), texts_.end(), column) != texts_.end();
}

std::string Table::render(std::string_view indent, std::size_t columns,
                          const std::vector<std::size_t>& expendable) const {
  std::vector<std::size_t> widths(headings_.size(), 0);
  for (std::size_t column = 0; column < widths.size(); ++column) {
    for (const auto& row : rows_) widths[column] = std::max(widths[column], row.at(column).size());
    if (widths[column] > 0) widths[column] = std::max(widths[column], headings_[column].size());
  }
  std::string left_out;
  const auto too_wide = [&] {
    std::size_t width = indent.size();
    for (const std::size_t one : widths) width += one == 0 ? 0 : one + 2;
    return columns != 0 && width - 2 > columns;
  };
  for (const std::size_t column : expendable) {
    if (!too_wide()) break;
    if (widths[column] == 0) continue;
    widths[column] = 0;
    left_out += (left_out.empty() ? "" : ", ") + headings_[column];
  }
  std::string text;
  auto line = [&](const std::vector<std::string>& cells) {
    std::string out(indent);
    bool first = true;
    for (std::size_t column = 0; column < widths.size(); ++column) {
      if (widths[column] == 0) continue;
      if (!first) out += "  ";
      out += is_text(column) ? fmt::format("{:<{}}", cells[column], widths[column])
                             : fmt::format("{:>{}}", cells[column], widths[column]);
      first = false;
    }
    out.erase(out.find_last_not_of(' ') + 1);
    text += out + "\n";
  };
  line(headings_);
  for (const auto& row : rows_) line(row);
  if (!left_out.empty())
    for (const std::string& each : wrapped(fmt::format("(too narrow for {})", left_out), columns - indent.size()))
      text += fmt::format("{}{}\n", indent, each);
  return text;
}

}  // namespace ktstr
