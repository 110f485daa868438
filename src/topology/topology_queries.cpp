// SPDX-License-Identifier: Apache-2.0
//
// What tests ask of a machine's topology to place their cgroups and workers.
#include <algorithm>
#include <sstream>

#include "base/file.h"
#include "ktstr/cpuset.h"
#include "ktstr/topology.h"

namespace ktstr {

namespace {

const TestTopology::Node* find_node(const TestTopology& topology, NumaNode id) {
  const auto found = std::find_if(topology.nodes.begin(), topology.nodes.end(),
                                  [&](const TestTopology::Node& node) { return node.id == id; });
  return found == topology.nodes.end() ? nullptr : &*found;
}

}  // namespace

CpuSet TestTopology::usable_cpus() const {
  if (cpus.size() <= 2) return cpus;
  return cpus.minus({*cpus.rbegin()});
}

NumaNode TestTopology::node_of(Cpu cpu) const {
  for (const auto& node : nodes)
    if (node.cpus.contains(cpu)) return node.id;
  return -1;
}

int TestTopology::llc_of(Cpu cpu) const {
  for (const auto& llc : llcs)
    if (llc.cpus.contains(cpu)) return llc.id;
  return -1;
}

CpuSet TestTopology::node_cpus(NumaNode node) const {
  const Node* found = find_node(*this, node);
  return found != nullptr ? found->cpus : CpuSet();
}

CpuSet TestTopology::node_ids() const {
  CpuSet ids;
  for (const Node& node : nodes) ids.add(node.id);
  return ids;
}

CpuSet TestTopology::nodes_of(const CpuSet& of) const {
  CpuSet ids;
  for (const Node& node : nodes)
    if (!node.cpus.intersection(of).empty()) ids.add(node.id);
  return ids;
}

bool TestTopology::is_memory_only(NumaNode node) const {
  const Node* found = find_node(*this, node);
  return found != nullptr && found->cpus.empty();
}

int TestTopology::numa_distance(NumaNode from, NumaNode to) const {
  const Node *source = find_node(*this, from), *target = find_node(*this, to);
  if (source == nullptr || target == nullptr) return kUnknownDistance;
  const auto place = static_cast<std::size_t>(target - nodes.data());
  return place < source->distances.size() ? source->distances[place] : kUnknownDistance;
}

// The lines are "Node 0 MemTotal:  16267428 kB" (drivers/base/node.c).
Result<TestTopology::NodeMemory> TestTopology::node_memory(NumaNode node, const fs::path& sysfs_root) {
  const fs::path root = sysfs_root / "devices/system/node";
  std::error_code error;
  if (!fs::exists(root, error))
    return fail(ErrorCode::kUnsupported, "this kernel shows no memory of NUMA nodes: there is no {}", root.string())
        .with_hint("run a kernel with CONFIG_NUMA=y");
  const fs::path file = root / fmt::format("node{}", node) / "meminfo";
  KTSTR_TRY_ASSIGN(const std::string text, read_text(file));
  NodeMemory memory;
  const std::pair<const char*, std::uint64_t*> wanted[] = {
      {"MemTotal:", &memory.total_kib}, {"MemFree:", &memory.free_kib}, {"MemUsed:", &memory.used_kib}};
  for (const auto& [name, value] : wanted) {
    const std::size_t at = text.find(name);
    std::istringstream rest(at == std::string::npos ? std::string() : text.substr(at + std::string_view(name).size()));
    std::string unit;
    if (!(rest >> *value >> unit) || unit != "kB")
      return fail(ErrorCode::kCorruptData, "{} has no {} in kB", file.string(), name);
  }
  return memory;
}

std::vector<CpuSet> TestTopology::split_by_llc(const CpuSet& of) const {
  std::vector<CpuSet> parts;
  for (const Llc& llc : llcs) {
    CpuSet part = of.empty() ? llc.cpus : llc.cpus.intersection(of);
    if (!part.empty()) parts.push_back(std::move(part));
  }
  return parts;
}

Result<std::vector<CpuSet>> TestTopology::overlapping_cpusets(int n, double fraction) const {
  std::vector<CpuSet> parts;
  if (n < 1) return fail(ErrorCode::kInvalidArgument, "CPUs are cut into at least 1 part, not {}", n);
  for (int i = 0; i < n; ++i) {
    KTSTR_TRY_ASSIGN(CpuSet part, CpusetSpec::overlap(i, n, fraction).resolve(*this));
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace ktstr
