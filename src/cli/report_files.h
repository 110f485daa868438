// SPDX-License-Identifier: Apache-2.0
//
// The files that --report and KTSTR_REPORT ask for, from the runs of one command.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "report/formats/report_format.h"

namespace ktstr::cli {

// In a path: one file a test, with its name there.
inline constexpr std::string_view kTestInPath = "{test}";

class ReportFiles {
 public:
  explicit ReportFiles(std::vector<ReportTarget> targets);
  // Targets in this text, separated by blanks. kInvalidArgument as ReportTarget::parse().
  static Result<std::vector<ReportTarget>> parse(std::string_view text);

  // Whether standard output belongs to one of them, so that nothing else may be printed there.
  bool takes_output() const;
  // Makes the directories, so that what cannot be written is said before the first run.
  Status prepare() const;
  void add(const Cell& cell, const RunRecord& record, std::uint64_t number);
  void add(const RunRecord& record);  // that is not one of several
  // What goes to standard output is given back.
  Result<std::string> write() const;

 private:
  std::vector<ReportTarget> targets_;
  bool wants_records_ = false;
  std::vector<ReportedRun> runs_;
};

}  // namespace ktstr::cli
