// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "control_page.h"

namespace ktstr::control {

// The index of each vCPU by its address in QEMU.
class VcpuTable {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  // Those above the last that a control page has room for are left out.
  void add(const void* cpu, std::uint32_t index) {
    if (cpu == nullptr || index >= kMostVcpus || find(cpu) != kNone) return;
    std::size_t at = slot_of(cpu);
    while (entries_[at].cpu != nullptr) at = (at + 1) % kSlots;
    entries_[at] = {cpu, index};
  }

  std::uint32_t find(const void* cpu) const {
    for (std::size_t at = slot_of(cpu); entries_[at].cpu != nullptr; at = (at + 1) % kSlots)
      if (entries_[at].cpu == cpu) return entries_[at].index;
    return kNone;
  }

 private:
  static constexpr std::size_t kSlots = 4 * kMostVcpus;  // never full
  struct Entry {
    const void* cpu;
    std::uint32_t index;
  };

  static std::size_t slot_of(const void* cpu) {
    const auto address = reinterpret_cast<std::uintptr_t>(cpu);
    return static_cast<std::size_t>((address >> 6) * 0x9e3779b97f4a7c15ULL >> 40) % kSlots;
  }

  Entry entries_[kSlots] = {};
};

}  // namespace ktstr::control
