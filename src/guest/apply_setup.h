// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/file.h"
#include "model/machine_setup.h"

namespace ktstr {

// Below `root` ("/"), whose cgroup file system is mounted. Stops at what the kernel refuses: kInvalidArgument names it,
// since somebody has asked for what this kernel does not have.
Status apply_setup(const MachineSetup& setup, const fs::path& root);

}  // namespace ktstr
