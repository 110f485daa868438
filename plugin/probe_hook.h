// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "qemu_api.h"
#include "vcpu_table.h"

namespace ktstr::control {

// What this QEMU lacks for probes; nullptr: nothing.
const char* probes_lack();
// Maps the probe page and the guest's RAM. An explanation where that is not possible; nullptr: done.
const char* open_probes(const char* file, int api_version);
// At each vCPU's start, in its thread, with the vCPU as `current_cpu`.
void prepare_probes(void** current_cpu, const VcpuTable& vcpus);
// Before each block, with the vCPU as `current_cpu`, until the recorder has begun.
extern bool probes_wait;
void look_for_begin();
// At each translation of a block.
void place_probes(qemu_plugin_tb* block);

}  // namespace ktstr::control
