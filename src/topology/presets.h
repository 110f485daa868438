// SPDX-License-Identifier: Apache-2.0
//
// Topologies that are worth testing on, by name: from two CPUs' worth of corner cases to the largest machine that a
// guest can be. The names say what is special about them.
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

// By rising size within each kind.
std::span<const TopologyPreset> topology_presets();
std::optional<Topology> find_preset(std::string_view name);

}  // namespace ktstr
