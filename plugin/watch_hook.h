// SPDX-License-Identifier: GPL-2.0-or-later
//
// Accesses to memory of watched code as events, and vCPUs that are held before one (MemoryWatch and Hold in
// probe_page.h).
#pragma once

#include <cstdint>

#include "probes.h"
#include "qemu_api.h"
#include "vcpu_table.h"

namespace ktstr::control {

// What this QEMU lacks for it; nullptr: nothing.
const char* watch_lacks();
struct WatchTools {
  std::uint64_t (*rsp)();            // reads that register of the running vCPU
  std::uint64_t (*flags)();          // likewise
  std::uint64_t (*time)(void* cpu);  // as events have it
};
// With what probes have been opened with.
void prepare_watch(ProbePage& page, Probes& probes, const WatchTools& tools);
// At each vCPU's start, in its thread.
void watch_vcpus(void** current_cpu, const VcpuTable& vcpus);
// Probes have begun: holds are known.
void begin_holds();
// At each translation of a block.
void place_watch(qemu_plugin_tb* block);

// Whether any vCPU may be held: then before each block of the guest, directly in the callback that QEMU's code calls.
// Where the vCPU must not execute it, this does not return. `back`: where that callback returns to.
extern bool holds_are_on;
void hold_before_block(void* cpu, std::uint32_t vcpu, std::uint32_t instructions, std::uintptr_t back);

}  // namespace ktstr::control
