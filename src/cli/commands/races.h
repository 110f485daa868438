// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "runner/races/race_search.h"

namespace ktstr::cli {

// With `verbose` all candidates, else those that are harmful.
std::string races_text(const RaceSearch& search, bool verbose, bool color);
std::string races_json(const RaceSearch& search);

}  // namespace ktstr::cli
