// SPDX-License-Identifier: Apache-2.0
#include "workload/task/task_affinity.h"

#include <sched.h>

#include <algorithm>
#include <bit>
#include <cerrno>

namespace ktstr {

CpuMask::CpuMask(const CpuSet& cpus) {
  for (const Cpu cpu : cpus) {
    if (cpu < 0 || cpu >= kLimit) continue;
    const auto bit = static_cast<std::size_t>(cpu);
    words_[bit / kWordBits] |= 1ul << (bit % kWordBits);
  }
}

CpuMask CpuMask::all() {
  CpuMask mask;
  mask.words_.fill(~0ul);
  return mask;
}

CpuMask CpuMask::one(Cpu cpu) {
  CpuMask mask;
  mask.words_[static_cast<std::size_t>(cpu) / kWordBits] |= 1ul << (static_cast<std::size_t>(cpu) % kWordBits);
  return mask;
}

CpuMask CpuMask::without(Cpu cpu) const {
  CpuMask mask = *this;
  mask.words_[static_cast<std::size_t>(cpu) / kWordBits] &= ~(1ul << (static_cast<std::size_t>(cpu) % kWordBits));
  return mask;
}

int CpuMask::count() const {
  int count = 0;
  for (const unsigned long word : words_) count += std::popcount(word);
  return count;
}

Cpu CpuMask::nth(int n) const {
  for (Cpu cpu = 0; cpu < kLimit; ++cpu)
    if (has(cpu) && n-- == 0) return cpu;
  return -1;
}

Cpu CpuMask::next(Cpu cpu) const {
  for (Cpu above = cpu + 1; above < kLimit; ++above)
    if (has(above)) return above;
  return nth(0);
}

bool CpuMask::empty() const {
  return std::all_of(words_.begin(), words_.end(), [](unsigned long word) { return word == 0; });
}

// The C library passes size and memory on; cpu_set_t only says how they are laid out.
bool CpuMask::apply(pid_t pid) const {
  return ::sched_setaffinity(pid, sizeof words_, reinterpret_cast<const cpu_set_t*>(words_.data())) == 0;
}

bool CpuMask::read(pid_t pid, CpuMask& mask) {
  mask.words_.fill(0);
  return ::sched_getaffinity(pid, sizeof mask.words_, reinterpret_cast<cpu_set_t*>(mask.words_.data())) == 0;
}

CpuSet CpuMask::to_set() const {
  CpuSet cpus;
  for (std::size_t bit = 0; bit < static_cast<std::size_t>(kLimit); ++bit)
    if ((words_[bit / kWordBits] >> (bit % kWordBits) & 1) != 0) cpus.add(static_cast<Cpu>(bit));
  return cpus;
}

Result<CpuSet> task_affinity(pid_t pid, std::string_view task) {
  CpuMask mask;
  if (!CpuMask::read(pid, mask)) return fail_errno("cannot read the CPU affinity of {}", task);
  return mask.to_set();
}

Status set_task_affinity(pid_t pid, const CpuSet& cpus, std::string_view task) {
  if (cpus.empty()) return fail(ErrorCode::kInvalidArgument, "cannot pin {} to no CPU at all", task);
  if (!CpuMask(cpus).apply(pid)) {
    Error error = fail_errno("cannot pin {} to CPUs {}", task, cpus.to_string());
    if (error.saved_errno() == EINVAL) error.with_hint("the machine has none of these CPUs, or its cpuset allows none");
    if (error.saved_errno() == EBUSY)
      error.with_hint("a SCHED_DEADLINE task must be allowed every CPU of its root domain: change its policy first");
    return error;
  }
  KTSTR_TRY_ASSIGN(const CpuSet read, task_affinity(pid, task));
  if (read.empty() || !read.is_subset_of(cpus))
    return fail(ErrorCode::kIo, "{} was pinned to CPUs {} and may use {}", task, cpus.to_string(),
                read.empty() ? "none that is online" : read.to_string());
  return ok();
}

Status reset_task_affinity(pid_t pid, std::string_view task) {
  if (!CpuMask::all().apply(pid)) return fail_errno("cannot let {} use all CPUs of its cpuset", task);
  return ok();
}

}  // namespace ktstr
