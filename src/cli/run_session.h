// SPDX-License-Identifier: Apache-2.0
//
// Runs requests one after the other, prints what they found as they go, and knows the worst of them in the end.
#pragma once

#include <filesystem>
#include <vector>

#include "cli/repeat_command.h"
#include "cli/run_options.h"
#include "runner/runner.h"

namespace ktstr::cli {

class RunSession {
 public:
  // With `many_tests` the JSON document is a list of all runs, else what json_report() makes of the runs of one
  // request.
  RunSession(const RunOptions& options, RunnerEnvironment environment, bool many_tests);

  // Resolves and runs one request (as often as --repeat says), prints its reports. The worst outcome of its runs.
  Outcome run(RunRequest request, Invocation invocation);
  // A request that could not even be put together.
  Outcome refuse(const std::string& test, const Error& error);
  // Prints the JSON document where one was asked for; the exit status over all runs.
  int finish();

 private:
  void show(const RunRecord& record, int number);
  void print(std::string_view text);

  const RunOptions& options_;
  RunnerEnvironment environment_;
  bool many_tests_;
  std::filesystem::path beside_;
  std::vector<RunRecord> records_;  // kept for JSON only
  std::string first_found_;  // outcome and digest of a request's first run
  int exit_ = 0;
};

// Of several runs: the one with the worse exit status; a skip counts only where there is nothing else.
Outcome worse_outcome(Outcome a, Outcome b);

}  // namespace ktstr::cli
