// SPDX-License-Identifier: Apache-2.0
#include "host/host_topology.h"

#include <algorithm>

namespace ktstr {

std::optional<Topology> as_topology(const TestTopology& machine) {
  if (machine.llcs.empty() || machine.llcs.front().cores.empty()) return std::nullopt;
  const TestTopology::Llc& first = machine.llcs.front();
  const auto nodes = std::count_if(machine.nodes.begin(), machine.nodes.end(),
                                   [](const TestTopology::Node& node) { return !node.cpus.empty(); });
  const Topology guess{.numa_nodes = std::max(1, static_cast<int>(nodes)),
                       .llcs = static_cast<int>(machine.llcs.size()),
                       .cores_per_llc = static_cast<int>(first.cores.size()),
                       .threads_per_core = static_cast<int>(first.cores.front().threads.size())};
  const bool alike = std::all_of(machine.llcs.begin(), machine.llcs.end(), [&](const TestTopology::Llc& llc) {
    return llc.cores.size() == first.cores.size() &&
           std::all_of(llc.cores.begin(), llc.cores.end(), [&](const TestTopology::Core& core) {
             return static_cast<int>(core.threads.size()) == guess.threads_per_core;
           });
  });
  if (!alike || !guess.validate()) return std::nullopt;
  return guess;
}

}  // namespace ktstr
