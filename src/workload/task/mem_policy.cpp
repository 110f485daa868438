// SPDX-License-Identifier: Apache-2.0
#include "ktstr/work.h"

namespace ktstr {

namespace {

struct FlagName {
  unsigned bit;
  const char* name;
};
constexpr FlagName kFlagNames[] = {{MemPolicy::kStaticNodes, "static"},
                                   {MemPolicy::kRelativeNodes, "relative"},
                                   {MemPolicy::kNumaBalancing, "numa-balancing"}};
constexpr unsigned kKnownFlags = MemPolicy::kStaticNodes | MemPolicy::kRelativeNodes | MemPolicy::kNumaBalancing;

const char* name_of(MemPolicy::Kind kind) {
  switch (kind) {
    case MemPolicy::Kind::kDefault:
      return "default";
    case MemPolicy::Kind::kPreferred:
      return "preferred";
    case MemPolicy::Kind::kBind:
      return "bind";
    case MemPolicy::Kind::kInterleave:
      return "interleave";
    case MemPolicy::Kind::kLocal:
      return "local";
    case MemPolicy::Kind::kPreferredMany:
      return "preferred_many";
    case MemPolicy::Kind::kWeightedInterleave:
      return "weighted_interleave";
  }
  return "unknown";
}

std::string show(const CpuSet& set) { return set.empty() ? "none" : set.to_string(); }

Status check_flags(const MemPolicy& policy) {
  if (const unsigned unknown = policy.flags & ~kKnownFlags; unknown != 0)
    return fail(ErrorCode::kInvalidArgument,
                "memory policy {} has unknown flag bits {:#x}; there are MemPolicy::kStaticNodes ({:#x}), "
                "kRelativeNodes ({:#x}) and kNumaBalancing ({:#x})",
                policy.describe(), unknown, MemPolicy::kStaticNodes, MemPolicy::kRelativeNodes,
                MemPolicy::kNumaBalancing);
  constexpr unsigned kBoth = MemPolicy::kStaticNodes | MemPolicy::kRelativeNodes;
  if ((policy.flags & kBoth) == kBoth)
    return fail(ErrorCode::kInvalidArgument,
                "memory policy {} has both flags, static (kStaticNodes) and relative (kRelativeNodes); its nodes are "
                "either the machine's numbers "
                "or positions among the cpuset's nodes: drop one of the two",
                policy.describe());
  return ok();
}

Status check_existing(const MemPolicy& policy, const TestTopology& topology) {
  const CpuSet existing = topology.node_ids();
  const CpuSet missing = policy.nodes.minus(existing);
  if (missing.empty()) return ok();
  return fail(ErrorCode::kInvalidArgument, "memory policy {}: the machine has no node {}; it has {}", policy.describe(),
              missing.to_string(), show(existing));
}

Status check_covered(const MemPolicy& policy, const TestTopology& topology, const CpuSet& cpuset) {
  const CpuSet& cpus = cpuset.empty() ? topology.cpus : cpuset;
  const CpuSet covered = topology.nodes_of(cpus);
  const CpuSet missing = policy.nodes.minus(covered);
  if (missing.empty()) return ok();
  return fail(ErrorCode::kInvalidArgument,
              "memory policy {} names node {}, of which the cpuset has no CPU: CPUs {} cover node {}",
              policy.describe(), missing.to_string(), show(cpus), show(covered))
      .with_hint(fmt::format("name only covered nodes (or give the cpuset CPUs of node {}), or say that the nodes are "
                             "meant regardless of the cpuset: flag static (MemPolicy::kStaticNodes) for the machine's "
                             "numbers, relative (kRelativeNodes) for positions among the nodes that are allowed",
                             missing.to_string()));
}

}  // namespace

Status MemPolicy::check(const TestTopology& topology, const CpuSet& cpuset) const {
  KTSTR_TRY(check_flags(*this));
  if (nodes.empty()) return ok();
  if ((flags & kStaticNodes) != 0) return check_existing(*this, topology);
  if ((flags & kRelativeNodes) != 0) return ok();
  return check_covered(*this, topology, cpuset);
}

std::string MemPolicy::describe() const {
  std::string inner = nodes.to_string();
  const auto append = [&inner](std::string_view part) { inner += (inner.empty() ? "" : ", ") + std::string(part); };
  for (const FlagName& flag : kFlagNames)
    if ((flags & flag.bit) != 0) append(flag.name);
  if (const unsigned unknown = flags & ~kKnownFlags; unknown != 0) append(fmt::format("{:#x}", unknown));
  return inner.empty() ? std::string(name_of(kind)) : fmt::format("{}({})", name_of(kind), inner);
}

}  // namespace ktstr
