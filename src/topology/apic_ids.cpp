// SPDX-License-Identifier: Apache-2.0
#include "topology/apic_ids.h"

#include <bit>

namespace ktstr {

std::vector<std::uint32_t> apic_ids(const Topology& topology) {
  auto bits = [](int count) { return std::bit_width(static_cast<unsigned>(count - 1)); };
  const auto thread_bits = bits(topology.threads_per_core), core_bits = bits(topology.cores_per_llc),
             die_bits = bits(topology.llcs_per_node());
  std::vector<std::uint32_t> ids;
  for (int socket = 0; socket < topology.numa_nodes; ++socket)
    for (int die = 0; die < topology.llcs_per_node(); ++die)
      for (int core = 0; core < topology.cores_per_llc; ++core)
        for (int thread = 0; thread < topology.threads_per_core; ++thread) {
          auto id = static_cast<std::uint32_t>(socket);
          id = (id << die_bits) | static_cast<std::uint32_t>(die);
          id = (id << core_bits) | static_cast<std::uint32_t>(core);
          ids.push_back((id << thread_bits) | static_cast<std::uint32_t>(thread));
        }
  return ids;
}

}  // namespace ktstr
