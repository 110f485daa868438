// SPDX-License-Identifier: Apache-2.0
//
// A recording as a scenario file: a group of workers that replay its tasks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "replay/recording.h"

namespace ktstr {

struct ReplayScenarioOptions {
  std::string name;                          // of the scenario
  std::optional<double> from_s, to_s;        // of the recording; none: from its first event to its last one
  std::optional<std::uint64_t> zero_ns;      // when these count from; none: the first event
  std::optional<std::uint64_t> end_ns;       // what is after it is no part; none: the last event
  std::vector<std::string> tasks = {};       // names or pids; empty: all
  std::size_t most_tasks = 16;               // those with the most CPU time
  std::optional<std::string> topology = {};  // none: as many CPUs as the recording has, in one LLC
};

struct ReplayScenario {
  std::string toml;
  std::vector<std::string> notes;  // what is left out, or not quite the same
};

// kInvalidArgument where nothing is left of it.
Result<ReplayScenario> replay_scenario(const Recording& recording, const ReplayScenarioOptions& options);

}  // namespace ktstr
