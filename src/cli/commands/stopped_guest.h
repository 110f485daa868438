// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "runner/replay/time_travel.h"

namespace ktstr::cli {

// A guest that stands still: when, and where to look.
std::string as_text(const StoppedGuest& guest, const StopMoment& moment);
nlohmann::ordered_json as_json(const StoppedGuest& guest, const StopMoment& moment);

// Returns at the next line or the end of standard input, or when interrupted.
void wait_for_a_person();

}  // namespace ktstr::cli
