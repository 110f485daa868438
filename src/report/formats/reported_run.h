// SPDX-License-Identifier: Apache-2.0
//
// What other programs want to know of a run: CI systems, kernel test frameworks. Every format is made from this.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "results/batch_result.h"
#include "results/run_record.h"

namespace ktstr {

struct ReportedRun {
  std::string test;
  std::string name;  // the test's, with what tells this run from its others: "steady [topology 1n2l2c1t, seed 7]"
  std::string id;    // of the run; "": it was not made
  Outcome outcome = Outcome::kPass;
  double host_seconds = 0;
  std::string started_at;  // host wall clock, RFC 3339; "" where it was not made
  std::string kind;        // of its first failure: "scheduler_stalled"; "infrastructure", ...; "" where it passed
  std::string message;     // of that, one line
  std::string text;        // the report for people, without colours; "" where it passed
  std::string repeat_command;
  // What it was made of: "topology", "kernel", "scheduler", "seed", "mode", "digest". Never empty texts.
  std::vector<std::pair<std::string, std::string>> properties;
  std::shared_ptr<const RunRecord> record;                // null where no format wants it
  std::string_view property(std::string_view key) const;  // "" where it has none
};

// Of a run that is not one of several.
ReportedRun reported(const RunRecord& record, bool keep_record);
// `number`: of the cell's runs, from 1. `keep_record`: some format wants it.
ReportedRun reported(const Cell& cell, const RunRecord& record, std::uint64_t number, bool keep_record);

}  // namespace ktstr
