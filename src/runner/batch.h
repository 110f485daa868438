// SPDX-License-Identifier: Apache-2.0
//
// Many runs: each of several tests with each combination of the values of its axes (a cell), and each cell once,
// several times or with each seed of a range. What --repeat, --seeds, the tests of a program and a matrix ask for are
// shapes of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "results/batch_result.h"
#include "runner/pool.h"
#include "runner/runner.h"

namespace ktstr {

// A setting that is another one from cell to cell, and its values as the user wrote them: at least one.
struct Axis {
  std::string name;
  std::vector<std::string> values;
};

// The functions are called on any thread, those that make a request when its cell's turn comes and one at a time.
struct BatchTest {
  std::string name;        // until a request says what it is
  std::vector<Axis> axes;  // the value of the last one changes from cell to cell
  // The request with one value of each axis.
  std::function<Result<RunRequest>(const std::vector<AxisValue>&)> request;
  // Makes it ready to be run on this machine, for all runs of the cell. Unset: it is ready.
  std::function<Status(RunRequest&)> prepare;
  // The command that runs it again, with its seed. Unset: as the request has it.
  std::function<std::string(const RunRequest&)> repeat_command;
};

struct Batch {
  std::vector<BatchTest> tests;
  std::optional<SeedRange> seeds;  // run each cell with each of them,
  int repeat = 1;                  // else so often

  std::uint64_t cells() const;
  std::uint64_t runs_of_cell() const { return seeds ? seeds->count() : static_cast<std::uint64_t>(repeat); }
};

struct BatchOptions {
  PoolOptions pool;
  bool keep_records = false;  // of each cell all, not the first alone; never of an exploration
  // run() for real; on any thread.
  std::function<RunRecord(const RunRequest&)> run;
  // Called on the caller's thread, in the order of the cells and of their runs. `number` is from 1. The cell does not
  // hold the record yet.
  std::function<void(const Cell&, const RunRecord& record, std::uint64_t number)> ran;
  // After a cell's last run, also where not all of them were made.
  std::function<void(const Cell&)> ended;
};

// Runs the cells in order, several runs at a time. A request is there only while its cell's runs are made.
//
// A cell whose request is refused, or is a mistake of the user's (kBadInput), counts as one run: another would change
// nothing. Runs of a cell without seeds are compared with the first (compare_repeated()). Of an exploration, passing
// runs leave no directory behind: a large range would drive all else out of the runs that are kept. The directories
// that the groups of failures name are kept until this returns, however many runs follow.
BatchResult run_batch(const Batch& batch, const BatchOptions& options);

}  // namespace ktstr
