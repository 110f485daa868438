// SPDX-License-Identifier: Apache-2.0
//
// Cgroups below that of a WorkSpec's workers, which go away with them. They are threaded (the kernel's
// Documentation/admin-guide/cgroup-v2.rst, "Threads"): so the group above may keep tasks of its own although it passes
// the cpu controller on, and its cpuset and all that limits it hold in them, too. A worker that was moved elsewhere
// cannot come back into them.
#pragma once

#include "workload/group_resources.h"

namespace ktstr {

// The files that a task is moved with: write(2) of a thread id, or "0" for the caller, to cgroup.threads. kUnsupported
// where the workers have no cgroup, or that one no cpu controller.
Status add_own_cgroups(GroupResources& shared, std::size_t count);

}  // namespace ktstr
