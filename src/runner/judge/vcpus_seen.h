// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "engine/qemu/vcpus.h"
#include "results/run_record.h"

namespace ktstr {

// The same with symbols out of the kernel's image; without them where it has none.
std::vector<VcpuSeen> vcpus_seen(const std::vector<VcpuState>& vcpus, const std::filesystem::path& vmlinux);

}  // namespace ktstr
