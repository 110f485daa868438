// SPDX-License-Identifier: Apache-2.0
//
// What the steps of a run did and how fast its workers were in each: put together from what the record holds apart
// (marks, stimuli, workers' reports). For reports and for comparisons of one step with another.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "results/run_record.h"

namespace ktstr {

struct TimelineStep {
  int step = 0;  // from 1
  std::string name;
  std::optional<std::uint64_t> elapsed_ms;  // from the scenario's start to its first round; none: it got no round
  std::uint64_t held_ns = 0;                // in all rounds
  int rounds = 0;                           // of a loop; 1 for a step that held, 0 for one that came to no hold
  int ops = 0;                              // a round
  std::vector<std::string> op_kinds;
  int cgroups = 0, workers = 0;  // alive in its last round, those of the Backdrop included
  // Of all workers, from the step's first stimulus to the next one's, or as long as they ran where none of them
  // outlives the step. None where a report is missing or nothing ended the interval.
  std::optional<double> iterations_per_s;
};

// In the order in which they ran; where a body runs several scenarios, phases start again from 1.
std::vector<TimelineStep> timeline_of(const RunRecord& record);

}  // namespace ktstr
