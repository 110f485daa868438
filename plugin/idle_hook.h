// SPDX-License-Identifier: GPL-2.0-or-later
//
// The IdleGuard's place in QEMU: `cpu_thread_is_idle` among the accelerator's operations, by which an accelerator may
// say that a halted vCPU has something to do. TCG has none.
#pragma once

#include "control_page.h"

namespace ktstr::control {

// The symbol that this QEMU does not export though it is needed; nullptr: there are all.
const char* idle_hook_lacks();

// For each vCPU before the guest runs, in the thread that runs them all. `idle_guarded` on the page says from then on
// whether the guard is in its place.
void hook_idle(void* cpu, unsigned index, Page& page);

}  // namespace ktstr::control
