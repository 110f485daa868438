// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ktstr/topology.h"

namespace ktstr {

// QEMU's APIC ids of a topology's CPUs, in the order of their numbers: one field of bits each for socket, die, core and
// thread, so that 9 cores take as many ids as 16.
std::vector<std::uint32_t> apic_ids(const Topology& topology);

// 255 addresses all CPUs at once. Higher ids need the x2APIC, whose registers are MSRs: QEMU 10.0 with instruction
// counting aborts at the first access ("Bad icount read"), because it takes no account of time where an MSR is read.
constexpr std::uint32_t kLastApicId = 254;

}  // namespace ktstr
