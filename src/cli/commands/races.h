// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "races/race_story.h"
#include "runner/races/race_search.h"

namespace ktstr::cli {

// With `verbose` all candidates, else those that are harmful.
std::string races_text(const RaceSearch& search, bool verbose, bool color);
std::string races_json(const RaceSearch& search);

// Which CPU stood where in a forced run. Times are in the text since the body's start, in JSON of the guest's
// CLOCK_MONOTONIC.
std::string race_story_text(const RaceStory& story, const RunRecord& record);
std::string race_story_json(const RaceStory& story, const RunRecord& record);

}  // namespace ktstr::cli
