// SPDX-License-Identifier: Apache-2.0
#include "workload/task/task_memory.h"

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace ktstr {

namespace {

constexpr int kModeFlags =
    static_cast<int>(MemPolicy::kStaticNodes | MemPolicy::kRelativeNodes | MemPolicy::kNumaBalancing);

// MemPolicy::Kind is in the order of the kernel's enum; its two youngest are not in the headers that we build with.
static_assert(static_cast<int>(MemPolicy::Kind::kBind) == MPOL_BIND);
static_assert(static_cast<int>(MemPolicy::Kind::kLocal) == MPOL_LOCAL);
static_assert(MemPolicy::kStaticNodes == MPOL_F_STATIC_NODES && MemPolicy::kRelativeNodes == MPOL_F_RELATIVE_NODES);

// Asked of a page that nobody uses, with the nodes that are allowed here: only an unknown mode is refused.
bool kernel_knows(MemPolicy::Kind kind) {
  unsigned long allowed[1024 / (8 * sizeof(unsigned long))] = {};
  if (::syscall(SYS_get_mempolicy, nullptr, allowed, 8 * sizeof allowed, nullptr, MPOL_F_MEMS_ALLOWED) != 0)
    return true;
  const auto length = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const page = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return true;
  const long bound = ::syscall(SYS_mbind, page, length, static_cast<int>(kind), allowed, 8 * sizeof allowed + 1, 0);
  const bool unknown = bound != 0 && errno == EINVAL;
  ::munmap(page, length);
  return !unknown;
}

}  // namespace

TaskMemory::TaskMemory(const MemPolicy& policy)
    : set_(policy.kind != MemPolicy::Kind::kDefault || !policy.nodes.empty() || policy.flags != 0),
      mode_(static_cast<int>(policy.kind) | static_cast<int>(policy.flags)) {
  for (const NumaNode node : policy.nodes) {
    const auto bit = static_cast<std::size_t>(node);
    if (bit < kMaxNodes) nodes_[bit / kWordBits] |= 1ul << (bit % kWordBits);
  }
}

bool TaskMemory::apply() const {
  if (!set_) return true;
  // The kernel looks at one bit less than it is told of (get_nodes() in mm/mempolicy.c).
  return ::syscall(SYS_set_mempolicy, mode_, nodes_.data(), kMaxNodes + 1) == 0;
}

bool TaskMemory::holds() const {
  if (!set_) return true;
  int mode = 0;
  decltype(nodes_) nodes{};
  if (::syscall(SYS_get_mempolicy, &mode, nodes.data(), kMaxNodes, nullptr, 0) != 0) return false;
  if ((mode & kModeFlags) != (mode_ & kModeFlags)) return false;
  const int kind = mode & ~kModeFlags, wanted = mode_ & ~kModeFlags;
  // Before Linux 5.14 "local" was "preferred" without a node.
  if (kind != wanted && !(wanted == MPOL_LOCAL && kind == MPOL_PREFERRED)) return false;
  // Relative nodes are reported as they were given, static ones too, others as far as they are allowed.
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if ((nodes[i] & ~nodes_[i]) != 0) return false;
  return true;
}

Error explain_memory_refusal(Error error, const MemPolicy& policy) {
  if (error.saved_errno() == ENOSYS) return std::move(error).with_hint("run a kernel with CONFIG_NUMA=y");
  if (error.saved_errno() != EINVAL) return error;
  const bool young =
      policy.kind == MemPolicy::Kind::kPreferredMany || policy.kind == MemPolicy::Kind::kWeightedInterleave;
  if (young && !kernel_knows(policy.kind))
    return fail(ErrorCode::kUnsupported, "{}: this kernel does not know the policy", error.message())
        .with_hint(policy.kind == MemPolicy::Kind::kPreferredMany ? "run a kernel from Linux 5.15 on"
                                                                  : "run a kernel from Linux 6.9 on");
  return std::move(error).with_hint(
      "its nodes must have memory and be among the cgroup's cpuset.mems; preferred takes one node, bind and the "
      "interleaving policies at least one, local and default none; kNumaBalancing goes with bind (Linux 5.12)");
}

}  // namespace ktstr
