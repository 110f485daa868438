// SPDX-License-Identifier: Apache-2.0
//
// The machine's NUMA nodes, as /sys has them.
#pragma once

#include "base/file.h"
#include "base/result.h"
#include "base/text/trimmed.h"
#include "ktstr/cpuset.h"

namespace ktstr {

inline Result<CpuSet> nodes_in(const char* file) {
  const fs::path path = fs::path("/sys/devices/system/node") / file;
  const auto text = read_text(path);
  // A kernel without NUMA has one node and no such file.
  if (!text) return CpuSet{0};
  return CpuSet::parse(trimmed(*text));
}
inline Result<CpuSet> nodes_with_memory() { return nodes_in("has_memory"); }
inline Result<CpuSet> nodes_with_cpus() { return nodes_in("has_cpu"); }
inline Result<CpuSet> cpus_of_node(NumaNode node) {
  KTSTR_TRY_ASSIGN(const std::string text, read_text(fmt::format("/sys/devices/system/node/node{}/cpulist", node)));
  return CpuSet::parse(trimmed(text));
}

}  // namespace ktstr
