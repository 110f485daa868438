// SPDX-License-Identifier: Apache-2.0
//
// What many runs have found: those of one test, of several, or of a matrix of settings.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "results/exploration.h"
#include "results/run_record.h"

namespace ktstr {

// A test with one value of each of its axes. Its runs differ in nothing, or in their seed.
struct Cell {
  std::uint64_t number = 1;  // among all cells, in the order in which they are run
  std::size_t test_index = 0;
  std::string test;
  std::vector<AxisValue> values;   // none where nothing is varied
  std::optional<Error> refusal;    // its request could not be put together
  std::uint64_t runs = 1;          // so many were asked for
  std::map<Outcome, int> counts;   // of those that were made
  std::vector<RunRecord> records;  // the first alone, where nobody needs the others; none of an exploration's
  std::optional<Exploration> exploration;

  std::uint64_t not_run() const;
};

// Over the cell's runs, by worse_outcome(), or by outcome_of() of its exploration. None: nothing was run.
std::optional<Outcome> worst_outcome(const Cell& cell);

// "topology 1n2l2c1t, scheduler scx_ktstr"; "" for none.
std::string describe(const std::vector<AxisValue>& values);

struct BatchResult {
  std::vector<Cell> cells;           // all of them, in order
  std::vector<FailureGroup> groups;  // of the cells' failures, by the first cell

  bool is_matrix() const;  // something is varied
  // Of the tests, by the worst of their cells; what was not run is not there.
  std::map<Outcome, int> tests_by_outcome() const;
  int tests_not_run() const;
  int exit() const;  // the worst of all
};

}  // namespace ktstr
