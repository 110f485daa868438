// SPDX-License-Identifier: Apache-2.0
//
// The machine that we are on, written the way a test asks for one.
#pragma once

#include <optional>

#include "ktstr/topology.h"

namespace ktstr {

// No value where NnNlNcNt cannot say it: LLCs or cores that differ, LLCs that do not divide among the nodes, or more
// than 255 CPUs.
std::optional<Topology> as_topology(const TestTopology& machine);

}  // namespace ktstr
