// SPDX-License-Identifier: Apache-2.0
//
// The event stream as text: one line for each record, every field of it, with the guest's time. For reading, and for
// diff.
#pragma once

#include <string>
#include <vector>

#include "wire/lane.h"

namespace ktstr {

// "   2.104551123  body   mark: step 1 began, 2 cgroups, 4 workers". Contents come from the guest: control characters
// are taken out; what cannot be decoded is said to be so.
std::string event_line(const Record& record);
// Only what it holds: "step 1 began, ...".
std::string payload_text(const Record& record);
// All of them by guest time, each line ended with a newline.
std::string event_text(std::vector<Record> records);

}  // namespace ktstr
