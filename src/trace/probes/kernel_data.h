// SPDX-License-Identifier: Apache-2.0
//
// What variables of the kernel are called that watched code touches: those of its image by their symbols, and the
// per-CPU ones of all CPUs as elements of one array, with the members that BTF knows: "runqueues[].nr_running".
// Nothing is known of memory that the kernel has allocated.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "guest_space.h"
#include "kernel/btf.h"
#include "kernel/kallsyms.h"
#include "trace/trace_event.h"

namespace ktstr {

class KernelData {
 public:
  // kNotFound: the kernel does not say where the per-CPU variables of a CPU are.
  static Result<KernelData> of(const KernelSymbols& symbols, const Btf& btf);

  // From here on the variables of so many CPUs are known, as far as the guest's memory says where they are.
  void find_cpus(const control::GuestSpace& kernel, int cpus);
  // Of these CPUs, where the kernel counts what keeps them from being preempted; none where it does not say.
  std::vector<std::uint64_t> preempt_counts() const;

  // As events: what lies at this address and was not asked for before: DataSeen, and MemberSeen with the first of
  // several that have the same. Mostly nothing.
  std::vector<TraceEvent> seen_at(std::uint64_t time_ns, std::uint64_t address);

 private:
  struct Variable {
    std::uint64_t start = 0, end = 0;
    std::string name;
    BtfTypeId type = 0;
  };
  KernelData() = default;
  static const Variable* at(const std::vector<Variable>& all, std::uint64_t address);
  std::vector<TraceEvent> named(std::uint64_t time_ns, std::size_t number, const Variable& variable,
                                std::uint64_t offset, std::uint64_t element);

  const Btf* btf_ = nullptr;
  std::vector<Variable> global_, per_cpu_;  // in the order of their addresses
  std::uint64_t per_cpu_offset_ = 0;        // __per_cpu_offset
  std::uint64_t preempt_count_ = 0;         // per-CPU; 0: not known
  std::vector<std::uint64_t> offsets_;      // of CPUs
  std::set<std::pair<std::size_t, std::uint64_t>> known_;
  std::set<std::size_t> members_known_;
};

}  // namespace ktstr
