// SPDX-License-Identifier: Apache-2.0
//
// Where the vCPUs of a guest stand that gives no sign of life. QEMU is asked, which acts on the guest: only for a guest
// that was given up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/qemu/qmp.h"

namespace ktstr {

struct VcpuState {
  int cpu = 0;
  std::uint64_t pc = 0;     // of the last look in which it accepted interrupts; of the last where there is none
  bool halted = false;      // in each look
  bool interrupts = false;  // accepted in one look at least
  bool user = false;        // outside of the kernel in one look at least
};

// What the whole of them means.
enum class Standstill {
  kKernel,  // one is in the kernel and does not come out of it
  kUser,    // those that run are outside of the kernel: something keeps the agent from its CPU
  kIdle,    // all wait for an interrupt, and would take it
};
Standstill standstill_of(const std::vector<VcpuState>& vcpus);

// The answer of the monitor's `info registers -a` on x86-64. kProtocol when it is none.
Result<std::vector<VcpuState>> parse_vcpus(std::string_view registers);

// Adds a further look at the same vCPUs. A handler of interrupts, which accepts none, says nothing of what it
// interrupted: where one look was outside of it, that one tells where the vCPU is.
void merge_look(std::vector<VcpuState>& all, const std::vector<VcpuState>& look);

// Stops the guest and looks several times, letting it run in between. The guest stands still afterwards. An Error: QEMU
// does not answer.
Result<std::vector<VcpuState>> look_at_vcpus(Qmp& qmp);

}  // namespace ktstr
