// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

namespace ktstr {

// In units of cpu.weight: 100 for nice 0. Each step of nice is a factor of 1.25, as in the kernel's
// sched_prio_to_weight (kernel/sched/core.c), whose numbers are these within rounding.
inline double weight_of_nice(int nice) { return 100 / std::pow(1.25, nice); }

}  // namespace ktstr
