// SPDX-License-Identifier: Apache-2.0
//
// The quantum: a timer that bounds how long one vCPU's turn lasts under QEMU's instruction-counted clock, where the
// vCPUs run in turn and a turn ends with the next virtual timer. HPET comparator 2 ticks on an IO-APIC pin that the
// kernel leaves masked, so the guest never hears of it. HPET: IA-PC HPET specification 1.0a; needs iomem=relaxed.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/result.h"

namespace ktstr::guest {

// Sets the timer up and reads it back. `phase_seed` decides when in its period it ticks. kUnsupported where there is no
// HPET with a third comparator, kInvalidArgument for a quantum that it cannot count.
Status set_quantum(std::chrono::nanoseconds quantum, std::uint64_t phase_seed);

}  // namespace ktstr::guest
