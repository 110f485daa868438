// SPDX-License-Identifier: Apache-2.0
//
// What an exploration of seeds has found, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "results/exploration.h"

namespace ktstr {

// How often it failed, then each group of failures with the command that repeats its smallest seed. Ends with a
// newline.
std::string explore_report(const Exploration& found, bool color = false);

// One line for one seed, as it comes: "seed 7: fail, stuck: worker 3 of cg_0 ...".
std::string seed_line(const RunRecord& record);

// {"seeds": {"from", "to"}, "runs", "failed", "infrastructure", "rate", "rate_low", "rate_high", "groups": [...],
// "results": [...]}; "rate" is null where no seed decided anything.
std::string explore_json(const Exploration& found);
// A list of them, for several tests.
std::string explore_json(const std::vector<Exploration>& found);

}  // namespace ktstr
