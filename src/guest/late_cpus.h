// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "base/file.h"
#include "base/result.h"

namespace ktstr::guest {

// Switches on the CPUs that the kernel did not start at boot (maxcpus=), in ascending order. `sysfs` is "/sys";
// `alive` is called after each CPU. An error names the CPU.
Status switch_late_cpus_on(const fs::path& sysfs, const std::function<void()>& alive);

}  // namespace ktstr::guest
