// SPDX-License-Identifier: Apache-2.0
//
// Runs requests, several at a time, prints what they found in the order in which they were added, and knows the worst
// of them in the end.
#pragma once

#include <atomic>
#include <filesystem>
#include <list>
#include <map>
#include <optional>
#include <vector>

#include "cli/progress.h"
#include "cli/repeat_command.h"
#include "cli/run_options.h"
#include "results/exploration.h"
#include "runner/pool.h"
#include "runner/runner.h"

namespace ktstr::cli {

class RunSession {
 public:
  // With `many_tests` the JSON document is a list of all runs (with --seeds: of all explorations), else what
  // json_report() makes of the runs of one request.
  RunSession(const RunOptions& options, RunnerEnvironment environment, bool many_tests);

  // Resolves a request, for run_all().
  void add(RunRequest request, Invocation invocation);
  // A request that could not even be put together: run_all() says so in its place.
  void refuse(const std::string& test, const Error& error);
  // Runs each request as often as --repeat says or with each of --seeds, and prints the reports.
  void run_all();

  // Requests by the worst outcome of their runs, and those of which nothing was run.
  const std::map<Outcome, int>& tally() const { return tally_; }
  int not_run() const;
  // Prints the JSON document where one was asked for; the exit status over all runs.
  int finish();

 private:
  struct Entry {
    RunRequest request;
    Invocation invocation;
    std::optional<Error> refusal;
    Bytes ram = 0;
    std::atomic<bool> is_bad_input{false};  // a second try would change nothing
    std::vector<RunRecord> records;         // the first alone, where no summary and no JSON needs the others
    std::optional<Outcome> worst;
  };

  PoolOptions pool();
  void run_once_or_repeatedly();
  RunRecord run_one(const RunRequest& request) const;
  PoolJob job_of(Entry& entry) const;
  void take(Entry& entry, int number, RunRecord record);
  void conclude(Entry& entry);
  void explore_seeds(Entry& entry);
  void settle(Outcome worst);
  void show(const Entry& entry, const RunRecord& record, int number);
  void show_seed(const RunRecord& record);
  void print(std::string_view text);

  const RunOptions& options_;
  RunnerEnvironment environment_;
  bool many_tests_;
  std::filesystem::path beside_;
  Progress progress_;
  std::list<Entry> entries_;
  std::vector<Exploration> explorations_;
  std::map<Outcome, int> tally_;
  int exit_ = 0;
};

}  // namespace ktstr::cli
