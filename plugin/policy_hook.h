// SPDX-License-Identifier: GPL-2.0-or-later
//
// A policy of hand-overs (policy.h) in QEMU: when it begins and ends, and how a vCPU is kept from its next block.
#pragma once

#include <cstdint>

#include "control_page.h"
#include "policy.h"
#include "qemu_api.h"
#include "turns.h"

namespace ktstr::control {

// What this QEMU lacks for policies; nullptr: nothing.
const char* policies_lack();
// With the first orders, in the thread of the vCPUs.
void begin_policy(const Page& page, Policy& policy, Turns& turns, void** current_cpu);
// Whether the block is one of a BPF program, or of a module of the kernel, which lies beside them.
bool is_of_bpf(const qemu_plugin_tb* block, const Page& page);
// Before each block of the guest while the policy acts, directly in the callback that QEMU's code calls. Where others
// come first, this does not return. `back`: where that callback returns to.
void ask_policy(void* cpu, std::uint32_t vcpu, std::uint32_t instructions, bool of_bpf, std::uintptr_t back);

}  // namespace ktstr::control
