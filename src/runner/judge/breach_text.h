// SPDX-License-Identifier: Apache-2.0
//
// What the recorder's invariants say, in words.
#pragma once

#include <string>

#include "trace/invariants/invariants.h"

namespace ktstr {

// Whether its sizes are numbers, and not times.
bool is_count(Invariant invariant);

// Of one that holds: "work_conservation: longest 3.2 ms of 14, limit 100 ms".
std::string checked_text(const InvariantResult& found);

// The worst breach of one that does not. `who`, `other`: the tasks of the breach.
std::string breach_text(const InvariantResult& found, const std::string& who, const std::string& other,
                        double into_body_s);

}  // namespace ktstr
