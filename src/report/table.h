// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ktstr {

// Of the name of a cgroup, a payload or a step in a column.
constexpr std::size_t kNameWidth = 24;

// Rows under headings, two blanks apart. The first column is flush left, the others are numbers and flush right but for
// those that are said to be texts. A column in which every cell is empty is left out.
class Table {
 public:
  explicit Table(std::vector<std::string> headings, std::vector<std::size_t> texts = {})
      : headings_(std::move(headings)), texts_(std::move(texts)) {}
  // As many cells as there are headings.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }
  // Fitted to so many columns (0: it is as wide as it is): of `expendable` columns the first ones are left out, as many
  // as must be, and a line says which.
  std::string render(std::string_view indent, std::size_t columns = 0,
                     const std::vector<std::size_t>& expendable = {}) const;

 private:
  bool is_text(std::size_t column) const;
  std::vector<std::string> headings_;
  std::vector<std::size_t> texts_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace ktstr
