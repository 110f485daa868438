// SPDX-License-Identifier: Apache-2.0
//
// TestTopology::from_sysfs. The files are described in Documentation/ABI/stable/sysfs-devices-system-cpu (topology/),
// Documentation/ABI/testing/sysfs-devices-system-cpu (cache/) and stable/sysfs-devices-node of the kernel tree.
#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <sstream>

#include "base/file.h"
#include "ktstr/topology.h"

namespace ktstr {

namespace {

Result<CpuSet> read_list(const fs::path& path) {
  KTSTR_TRY_ASSIGN(const std::string text, read_attribute(path));
  return CpuSet::parse(text).context(path.string());
}

// The number after `prefix` in a directory's name: "node12" -> 12.
std::optional<int> number_after(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return {};
  name.remove_prefix(prefix.size());
  int number = 0;
  const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || stop != name.data() + name.size() || number < 0) return {};
  return number;
}

Result<std::vector<int>> numbered_directories(const fs::path& parent, std::string_view prefix) {
  std::vector<int> numbers;
  std::error_code error;
  fs::directory_iterator entries(parent, error);
  if (error) return Error::from_errno(error.value(), fmt::format("cannot list {}", parent.string()));
  for (const auto& entry : entries)
    if (const auto number = number_after(entry.path().filename().string(), prefix)) numbers.push_back(*number);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Result<CpuSet> read_threads(const fs::path& cpu_dir) {
  const fs::path topology = cpu_dir / "topology";
  // core_cpus_list is the newer name (Linux 5.3) of thread_siblings_list.
  auto threads = read_list(topology / "core_cpus_list");
  if (threads || threads.error().code() != ErrorCode::kNotFound) return threads;
  return read_list(topology / "thread_siblings_list");
}

// Virtual machines often show no caches. Their kernel then takes the CPUs of a die, or else of a socket, to share one.
Result<CpuSet> read_die(const fs::path& cpu_dir) {
  for (const char* const list : {"die_cpus_list", "package_cpus_list", "core_siblings_list"}) {
    auto cpus = read_list(cpu_dir / "topology" / list);
    if (cpus || cpus.error().code() != ErrorCode::kNotFound) return cpus;
  }
  return fail(ErrorCode::kUnsupported, "{} shows neither caches nor the CPUs of its die, so its LLC is unknown",
              cpu_dir.string());
}

// The CPUs that share the last-level cache of the CPU in `cpu_dir`; `node`: those of its NUMA node.
Result<CpuSet> read_llc(const fs::path& cpu_dir, const CpuSet& node) {
  const fs::path caches = cpu_dir / "cache";
  auto indexes = numbered_directories(caches, "index");
  if (!indexes && indexes.error().code() != ErrorCode::kNotFound) return indexes.error();
  int best_level = 0;
  CpuSet best;
  for (const int index : indexes ? *indexes : std::vector<int>()) {
    const fs::path cache = caches / fmt::format("index{}", index);
    KTSTR_TRY_ASSIGN(const std::string type, read_attribute(cache / "type"));
    if (type != "Unified" && type != "Data") continue;
    KTSTR_TRY_ASSIGN(const std::string level_text, read_attribute(cache / "level"));
    const auto level = number_after(level_text, "");
    if (!level) return fail(ErrorCode::kCorruptData, "{}/level is '{}'", cache.string(), level_text);
    if (*level <= best_level) continue;
    KTSTR_TRY_ASSIGN(best, read_list(cache / "shared_cpu_list"));
    best_level = *level;
  }
  if (best_level > 0) return best;
  KTSTR_TRY_ASSIGN(const CpuSet die, read_die(cpu_dir));
  return die.intersection(node);
}

// "10 20\n": to each node that is online, itself included.
Result<std::vector<int>> read_distances(const fs::path& file, std::size_t nodes) {
  const auto text = read_text(file);
  if (!text && text.error().code() == ErrorCode::kNotFound) return std::vector<int>();
  if (!text) return text.error();
  std::istringstream words(*text);
  std::vector<int> distances{std::istream_iterator<int>(words), {}};
  if (words.eof() && distances.size() == nodes) return distances;
  return fail(ErrorCode::kCorruptData, "{} is not a list of distances to {} nodes: '{}'", file.string(), nodes, *text);
}

Result<std::vector<TestTopology::Node>> read_nodes(const fs::path& node_root, const CpuSet& online) {
  std::error_code error;
  // A kernel without CONFIG_NUMA has no such directory.
  if (!fs::exists(node_root, error)) return std::vector{TestTopology::Node{0, online, {TestTopology::kLocalDistance}}};
  KTSTR_TRY_ASSIGN(const std::vector<int> ids, numbered_directories(node_root, "node"));
  std::vector<TestTopology::Node> nodes;
  for (const int id : ids) {
    const fs::path node = node_root / fmt::format("node{}", id);
    KTSTR_TRY_ASSIGN(const CpuSet cpus, read_list(node / "cpulist"));
    KTSTR_TRY_ASSIGN(std::vector<int> distances, read_distances(node / "distance", ids.size()));
    nodes.push_back({id, cpus.intersection(online), std::move(distances)});
  }
  return nodes;
}

// Puts `cpu`'s core into its LLC; makes the LLC when it is the first of its CPUs.
Status add_cpu(TestTopology& topology, Cpu cpu, const CpuSet& node, const fs::path& cpu_dir) {
  KTSTR_TRY_ASSIGN(const CpuSet shown_llc, read_llc(cpu_dir, node));
  KTSTR_TRY_ASSIGN(const CpuSet shown_threads, read_threads(cpu_dir));
  const CpuSet llc_cpus = shown_llc.intersection(topology.cpus);
  const CpuSet threads = shown_threads.intersection(topology.cpus);
  auto llc = std::find_if(topology.llcs.begin(), topology.llcs.end(),
                          [&](const auto& known) { return !known.cpus.intersection(llc_cpus).empty(); });
  if (!llc_cpus.contains(cpu) || !threads.contains(cpu) || !threads.is_subset_of(llc_cpus) ||
      (llc != topology.llcs.end() && llc->cpus != llc_cpus))
    return fail(ErrorCode::kCorruptData, "{} contradicts itself or another CPU: threads '{}', LLC '{}'",
                cpu_dir.string(), threads.to_string(), llc_cpus.to_string());
  if (llc == topology.llcs.end()) {
    TestTopology::Llc added;
    added.id = static_cast<int>(topology.llcs.size());
    added.node = topology.node_of(cpu);
    added.cpus = llc_cpus;
    llc = topology.llcs.insert(topology.llcs.end(), std::move(added));
  }
  if (threads.first() == cpu) llc->cores.push_back({threads});
  return ok();
}

}  // namespace

Result<TestTopology> TestTopology::from_sysfs(const fs::path& sysfs_root) {
  const fs::path system = sysfs_root / "devices/system";
  TestTopology topology;
  KTSTR_TRY_ASSIGN(topology.cpus, read_list(system / "cpu/online"));
  if (topology.cpus.empty()) return fail(ErrorCode::kCorruptData, "{} lists no CPU", (system / "cpu/online").string());
  KTSTR_TRY_ASSIGN(topology.nodes, read_nodes(system / "node", topology.cpus));
  for (const Cpu cpu : topology.cpus) {
    const auto node = std::find_if(topology.nodes.begin(), topology.nodes.end(),
                                   [&](const auto& one) { return one.cpus.contains(cpu); });
    if (node == topology.nodes.end()) return fail(ErrorCode::kCorruptData, "CPU {} is in no NUMA node", cpu);
    KTSTR_TRY(add_cpu(topology, cpu, node->cpus, system / fmt::format("cpu/cpu{}", cpu)));
  }
  return topology;
}

}  // namespace ktstr
