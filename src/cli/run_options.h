// SPDX-License-Identifier: Apache-2.0
//
// What the command line says of runs: `ktstr run`, and test programs themselves. What is not given leaves the decision
// to the scenario file or the test.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/settings.h"
#include "report/formats/report_format.h"
#include "results/exploration.h"
#include "runner/batch.h"

namespace ktstr::cli {

constexpr int kAutoJobs = 0;

struct RunOptions {
  std::vector<std::pair<const Setting*, std::string>> given;  // settings of the runs, with texts that they accept
  std::vector<std::string> args;                              // after "--": Ctx::args()
  std::optional<SeedRange> seeds;                             // run with each of them
  int repeat = 1;
  std::optional<int> jobs;  // runs at once; kAutoJobs: as many as the machine has CPUs and room for
  bool fail_fast = false;
  bool json = false;
  std::vector<ReportTarget> reports;
  int verbosity = 0;
  bool quiet = false;  // a line a run

  // Takes the value of a flag. kInvalidArgument that names both.
  Status give(const Setting& setting, std::string text);
  bool gives(std::string_view flag) const;
  // Of the settings that were given several times, in the order of the help; on the host none of guests.
  std::vector<Axis> axes(bool on_host) const;
  // With these values alone of theirs.
  RunOptions at(const std::vector<AxisValue>& values) const;
};

// Over what the request has from its file or test.
Status apply(const RunOptions& options, RunRequest& request);
// kInvalidArgument for flags that exclude each other.
Status check_together(const RunOptions& options);

}  // namespace ktstr::cli
