// SPDX-License-Identifier: Apache-2.0
//
// Topologies: what a test asks for (Topology) and what a machine has (TestTopology).
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ktstr {

using Cpu = int;       // the kernel's logical CPU number
using NumaNode = int;  // the kernel's node number

// A set of CPUs (or NUMA nodes), written as the kernel writes lists: "0-3,8".
class CpuSet {
 public:
  CpuSet() = default;
  CpuSet(std::initializer_list<Cpu> cpus) : cpus_(cpus) {}
  static CpuSet range(Cpu first, Cpu last);  // both included
  // Accepts "", "0-3,8", and a trailing newline; refuses anything else (kInvalidArgument). CPUs are below 4096.
  static Result<CpuSet> parse(std::string_view list);
  // What can be read of a list that people wrote: " 0-3, x, 8" is 0-3,8. Space between the parts does not matter, and a
  // part that is no CPU and no range is left out.
  static CpuSet parse_lenient(std::string_view list);

  std::string to_string() const;  // canonical list; empty for the empty set
  bool empty() const { return cpus_.empty(); }
  std::size_t size() const { return cpus_.size(); }
  bool contains(Cpu cpu) const { return cpus_.count(cpu) != 0; }
  void add(Cpu cpu) { cpus_.insert(cpu); }
  Cpu first() const { return *cpus_.begin(); }
  bool is_subset_of(const CpuSet& other) const;
  CpuSet intersection(const CpuSet& other) const;
  CpuSet union_with(const CpuSet& other) const;
  CpuSet minus(const CpuSet& other) const;
  auto begin() const { return cpus_.begin(); }
  auto end() const { return cpus_.end(); }
  auto rbegin() const { return cpus_.rbegin(); }
  friend bool operator==(const CpuSet&, const CpuSet&) = default;

 private:
  std::set<Cpu> cpus_;
};

// What a test asks for, written NnNlNcNt: NUMA nodes, last-level caches in all, cores per LLC, threads per core.
// "2n8l4c2t" is 2 nodes with 4 LLCs each, 64 CPUs. LLCs must divide evenly among nodes; everything is at least 1 and
// there are at most 255 CPUs.
struct Topology {
  int numa_nodes = 1;
  int llcs = 1;
  int cores_per_llc = 1;
  int threads_per_core = 1;

  // The name of a preset (topology/presets.h) will do as well. kInvalidArgument that says what is wrong and how to
  // write it.
  static Result<Topology> parse(std::string_view text);
  Status validate() const;
  std::string to_string() const;
  int cpus() const { return llcs * cores_per_llc * threads_per_core; }
  int llcs_per_node() const { return llcs / numa_nodes; }
  friend bool operator==(const Topology&, const Topology&) = default;
};

// What is there: read from sysfs in the guest (or on the host in host mode).
struct TestTopology {
  struct Core {
    CpuSet threads;
  };
  struct Llc {
    int id = 0;         // position in `llcs`, ordered by lowest CPU
    NumaNode node = 0;  // of its lowest CPU: with sub-NUMA clustering an LLC spans nodes
    CpuSet cpus;
    std::vector<Core> cores;  // ordered by lowest CPU
  };
  struct Node {
    NumaNode id = 0;
    CpuSet cpus;                      // empty for a memory-only node
    std::vector<int> distances = {};  // to each of `nodes`, in their order; empty where nobody says
  };
  // In KiB, as it is now.
  struct NodeMemory {
    std::uint64_t total_kib = 0, free_kib = 0, used_kib = 0;
  };
  static constexpr int kLocalDistance = 10, kRemoteDistance = 20;  // include/linux/topology.h, without a SLIT
  static constexpr int kUnknownDistance = 255;                     // as ACPI says of nodes that cannot reach each other
  CpuSet cpus;                                                     // online
  std::vector<Llc> llcs;
  std::vector<Node> nodes;

  // `sysfs_root` is "/sys" or a directory that looks like it. LLC = the highest-level unified or data cache that sysfs
  // shows; of a CPU that shows none, its die or socket.
  static Result<TestTopology> from_sysfs(const std::filesystem::path& sysfs_root);
  // What a machine with exactly `topology` shows, with CPUs numbered as QEMU does: node, LLC, core, thread.
  static TestTopology expected_for(const Topology& topology);

  // Empty when it is just what was asked for; else one line per difference, asked against seen.
  std::vector<std::string> differences_from(const Topology& asked) const;
  // All CPUs, less the highest where there are more than two: that one is left to whatever is in no cgroup of a
  // scenario.
  CpuSet usable_cpus() const;
  CpuSet llc_cpus(int llc) const { return llcs.at(static_cast<std::size_t>(llc)).cpus; }
  CpuSet node_cpus(NumaNode node) const;  // empty for one that has none, or is not there
  CpuSet node_ids() const;
  CpuSet nodes_of(const CpuSet& cpus) const;  // that have at least one of them; never a memory-only node
  bool is_memory_only(NumaNode node) const;
  int numa_distance(NumaNode from, NumaNode to) const;  // kUnknownDistance for a node that is not there, too
  // kUnsupported without CONFIG_NUMA, kNotFound for a node that is not there.
  static Result<NodeMemory> node_memory(NumaNode node, const std::filesystem::path& sysfs_root = "/sys");
  // The part of `cpus` (empty: all) in each LLC, in their order; LLCs without any are left out.
  std::vector<CpuSet> split_by_llc(const CpuSet& cpus = {}) const;
  // The `n` parts of the usable CPUs, each widened into its neighbours: CpusetSpec::overlap() for each.
  Result<std::vector<CpuSet>> overlapping_cpusets(int n, double fraction) const;
  NumaNode node_of(Cpu cpu) const;  // -1 for a CPU that is not online
  int llc_of(Cpu cpu) const;        // -1 for a CPU that is not online
  std::string describe() const;     // "4 CPUs in 2 LLCs on 1 node, 1 thread per core"
};

}  // namespace ktstr
