// SPDX-License-Identifier: Apache-2.0
//
// Where cgroup v2 is on a machine that we did not boot, and which of its groups we run in: what host mode starts from.
// `proc_root` is "/proc" or a directory that looks like it.
#pragma once

#include <string>

#include "base/file.h"
#include "base/result.h"

namespace ktstr {

// Where cgroup2 is mounted (self/mountinfo). Of several mounts the last that shows the whole hierarchy, else the last.
// kUnsupported where there is none.
Result<fs::path> find_cgroup2_mount(const fs::path& proc_root);

// The group of this process in the v2 hierarchy, "/" or "/user.slice/x.scope" (the line "0::" of self/cgroup).
// kUnsupported where there is no such line, or where the group was removed or is outside of our cgroup namespace.
Result<std::string> own_cgroup(const fs::path& proc_root);

// The directory of own_cgroup() below find_cgroup2_mount(), also where only a part of the hierarchy is mounted.
Result<fs::path> own_cgroup_directory(const fs::path& proc_root);

}  // namespace ktstr
