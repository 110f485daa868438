// SPDX-License-Identifier: Apache-2.0
#include "results/batch_result.h"

#include <fmt/core.h>

#include <algorithm>

namespace ktstr {

namespace {

std::map<std::size_t, std::optional<Outcome>> worst_by_test(const std::vector<Cell>& cells) {
  std::map<std::size_t, std::optional<Outcome>> worst;
  for (const Cell& cell : cells) {
    auto& of_test = worst[cell.test_index];
    if (const auto outcome = worst_outcome(cell)) of_test = worse_outcome(of_test.value_or(Outcome::kSkip), *outcome);
  }
  return worst;
}

}  // namespace

std::uint64_t Cell::not_run() const {
  std::uint64_t made = 0;
  for (const auto& [outcome, count] : counts) made += static_cast<std::uint64_t>(count);
  return runs - made;
}

std::optional<Outcome> worst_outcome(const Cell& cell) {
  if (cell.counts.empty()) return std::nullopt;
  if (cell.exploration) return outcome_of(*cell.exploration);
  Outcome worst = Outcome::kSkip;
  for (const auto& [outcome, count] : cell.counts) worst = worse_outcome(worst, outcome);
  return worst;
}

std::string describe(const std::vector<AxisValue>& values) {
  std::string text;
  for (const auto& [axis, value] : values)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", axis, value.empty() ? "''" : value);
  return text;
}

bool BatchResult::is_matrix() const {
  return std::any_of(cells.begin(), cells.end(), [](const Cell& cell) { return !cell.values.empty(); });
}

std::map<Outcome, int> BatchResult::tests_by_outcome() const {
  std::map<Outcome, int> tests;
  for (const auto& [test, worst] : worst_by_test(cells))
    if (worst) ++tests[*worst];
  return tests;
}

int BatchResult::tests_not_run() const {
  const auto worst = worst_by_test(cells);
  return static_cast<int>(std::count_if(worst.begin(), worst.end(), [](const auto& test) { return !test.second; }));
}

int BatchResult::exit() const {
  int worst = 0;
  for (const auto& [outcome, count] : tests_by_outcome()) worst = worse_exit(worst, exit_code(outcome));
  return worst;
}

}  // namespace ktstr
