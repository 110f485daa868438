// SPDX-License-Identifier: Apache-2.0
//
// Topologies that are worth testing on, by name: from 4 CPUs to 252, close to the 255 that a guest can have. The names
// say what is special about them.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "ktstr/topology.h"

namespace ktstr {

struct TopologyPreset {
  std::string_view name;
  Topology topology;
};

// Kind by kind, each by the number of its LLCs.
std::span<const TopologyPreset> topology_presets();
std::optional<Topology> find_preset(std::string_view name);

}  // namespace ktstr
