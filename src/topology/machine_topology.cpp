// SPDX-License-Identifier: Apache-2.0
#include <fmt/ranges.h>

#include <algorithm>

#include "ktstr/topology.h"

namespace ktstr {

namespace {

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

// "2 threads per core", or "1 to 2 threads per core" where cores differ.
std::string threads_per_core(const TestTopology& topology) {
  std::size_t least = SIZE_MAX, most = 0;
  for (const auto& llc : topology.llcs)
    for (const auto& core : llc.cores) {
      least = std::min(least, core.threads.size());
      most = std::max(most, core.threads.size());
    }
  if (most == 0) return "no cores";
  if (least != most) return fmt::format("{} to {} threads per core", least, most);
  return counted(most, "thread") + " per core";
}

std::string cores_of(const TestTopology::Llc& llc) {
  std::string text;
  for (const auto& core : llc.cores) text += (text.empty() ? "{" : " {") + core.threads.to_string() + "}";
  return text;
}

std::string distances_of(const TestTopology::Node& node) { return fmt::format("{}", fmt::join(node.distances, " ")); }

class Differences {
 public:
  template <typename T>
  void compare(const std::string& what, const T& asked, const T& seen) {
    if (asked != seen) lines_.push_back(fmt::format("{}: asked for {}, seen {}", what, asked, seen));
  }
  std::vector<std::string> take() { return std::move(lines_); }

 private:
  std::vector<std::string> lines_;
};

}  // namespace

TestTopology TestTopology::expected_for(const Topology& topology) {
  TestTopology expected;
  expected.cpus = CpuSet::range(0, topology.cpus() - 1);
  for (NumaNode id = 0; id < topology.numa_nodes; ++id) {
    std::vector<int> distances(static_cast<std::size_t>(topology.numa_nodes), kRemoteDistance);
    distances[static_cast<std::size_t>(id)] = kLocalDistance;
    expected.nodes.push_back({id, {}, std::move(distances)});
  }
  Cpu next = 0;
  for (int id = 0; id < topology.llcs; ++id) {
    Llc llc;
    llc.id = id;
    llc.node = id / topology.llcs_per_node();
    for (int core = 0; core < topology.cores_per_llc; ++core) {
      llc.cores.push_back({CpuSet::range(next, next + topology.threads_per_core - 1)});
      llc.cpus = llc.cpus.union_with(llc.cores.back().threads);
      next += topology.threads_per_core;
    }
    auto& node = expected.nodes[static_cast<std::size_t>(llc.node)];
    node.cpus = node.cpus.union_with(llc.cpus);
    expected.llcs.push_back(std::move(llc));
  }
  return expected;
}

std::vector<std::string> TestTopology::differences_from(const Topology& asked) const {
  const TestTopology expected = expected_for(asked);
  Differences differences;
  differences.compare("CPUs", expected.cpus.to_string(), cpus.to_string());
  differences.compare("number of NUMA nodes", expected.nodes.size(), nodes.size());
  for (std::size_t i = 0; i < std::min(expected.nodes.size(), nodes.size()); ++i) {
    differences.compare(fmt::format("number of NUMA node {}", i), expected.nodes[i].id, nodes[i].id);
    differences.compare(fmt::format("CPUs of NUMA node {}", expected.nodes[i].id), expected.nodes[i].cpus.to_string(),
                        nodes[i].cpus.to_string());
    if (!nodes[i].distances.empty())
      differences.compare(fmt::format("distances of NUMA node {}", expected.nodes[i].id),
                          distances_of(expected.nodes[i]), distances_of(nodes[i]));
  }
  differences.compare("threads per core", threads_per_core(expected), threads_per_core(*this));
  differences.compare("number of LLCs", expected.llcs.size(), llcs.size());
  for (std::size_t i = 0; i < std::min(expected.llcs.size(), llcs.size()); ++i) {
    const Llc& wanted = expected.llcs[i];
    differences.compare(fmt::format("CPUs of LLC {}", i), wanted.cpus.to_string(), llcs[i].cpus.to_string());
    differences.compare(fmt::format("cores of LLC {}", i), cores_of(wanted), cores_of(llcs[i]));
    differences.compare(fmt::format("NUMA node of LLC {}", i), wanted.node, llcs[i].node);
  }
  return differences.take();
}

std::string TestTopology::describe() const {
  return fmt::format("{} in {} on {}, {}", counted(cpus.size(), "CPU"), counted(llcs.size(), "LLC"),
                     counted(nodes.size(), "node"), threads_per_core(*this));
}

}  // namespace ktstr
