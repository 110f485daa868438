// SPDX-License-Identifier: Apache-2.0
//
// Where a run in host mode may make its groups: below the cgroup that we are in, on the cgroup2 hierarchy. On a hybrid
// machine that hierarchy is there but has no controllers, because cgroup v1 hierarchies hold them; where a service
// manager runs the machine, we may make groups only in what it delegated to us. Each of these has its own words and way
// out.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace ktstr {

struct HostPlace {
  fs::path mount;  // "/sys/fs/cgroup", on a hybrid machine "/sys/fs/cgroup/unified"
  fs::path own;    // the directory of our own cgroup
  fs::path proc_root = "/proc";

  // The kernel's root group, where processes and enabled controllers may be together (cgroup-v2.rst, "No Internal
  // Process Constraint"). A container's "/" is not.
  bool is_kernel_root() const;
};

// kUnsupported without a cgroup2 mount; kPermission where we may not make groups in our own.
Result<HostPlace> find_host_place(const fs::path& proc_root);

// kUnsupported that says of each of `wanted` that our own cgroup cannot give why not: held by cgroup v1, not delegated,
// not in this kernel.
Status check_controllers(const HostPlace& place, const std::vector<std::string>& wanted);

}  // namespace ktstr
