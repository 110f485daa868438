// SPDX-License-Identifier: Apache-2.0
//
// What the command line wants of several runs: makes a Batch of it, runs it, and prints what comes, in the order of the
// tests and their cells.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "cli/progress.h"
#include "cli/repeat_command.h"
#include "cli/report_files.h"
#include "cli/run_options.h"
#include "runner/batch.h"
#include "runner/runner.h"

namespace ktstr::cli {

class RunSession {
 public:
  // With `many_tests` the JSON document is a list of all runs (with --seeds: of all explorations), else what
  // json_report() makes of the runs of one request.
  RunSession(const RunOptions& options, RunnerEnvironment environment, bool many_tests);

  // A test, with what the command line varies. `request` makes its request with options that name one value of each
  // setting; `name` is what a test is called of which none can be made.
  void add(std::string name, std::function<Result<RunRequest>(const RunOptions&)> request, Invocation invocation,
           bool host_only = false);
  // Runs each as often as --repeat says or with each of --seeds, and prints the reports and the JSON document. The exit
  // status over all runs.
  int run_all();

  const BatchResult& result() const { return result_; }
  // Standard output is for a program, not for a person.
  bool is_quiet() const { return is_quiet_; }

 private:
  PoolOptions pool(bool is_matrix);
  Status prepare(RunRequest& request) const;
  void introduce(const Cell& cell, std::uint64_t cells);
  void show(const Cell& cell, const RunRecord& record, std::uint64_t number);
  void show_seed(const RunRecord& record);
  void conclude(const Cell& cell);
  std::string document() const;
  void write_reports();
  void print(std::string_view text);

  const RunOptions& options_;
  RunnerEnvironment environment_;
  bool many_tests_;
  std::filesystem::path beside_;
  Status refused_ = ok();  // what the environment asks for; before reports_, which are made of it
  ReportFiles reports_;
  bool is_quiet_;
  Progress progress_;
  Batch batch_;
  BatchResult result_;
  int exit_ = 0;
};

}  // namespace ktstr::cli
