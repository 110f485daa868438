// SPDX-License-Identifier: Apache-2.0
//
// What is set in a guest before its scheduler starts, and where there is none before the body does.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "ktstr/scheduler.h"

namespace ktstr {

struct MachineSetup {
  std::vector<std::string> writes;   // "FILE=TEXT": files of the kernel's below /proc/sys and /sys, in this order
  std::vector<std::string> cgroups;  // "/a/b": made with those above them, with the controllers cpu and cpuset
  bool empty() const { return writes.empty() && cgroups.empty(); }
  bool operator==(const MachineSetup&) const = default;
};

// Of a definition: its sysctls, writes and cgroup_parent.
MachineSetup setup_of(const SchedulerDefinition& definition);
// Without what is there already.
void add_setup(const MachineSetup& more, MachineSetup& into);

// "kernel.sched_autogroup_enabled=0", "/sys/kernel/debug/sched/features=NO_PLACE_LAG", "/sched": kInvalidArgument says
// what is wrong.
Status check_sysctl(const std::string& text);
Status check_write(const std::string& text);
Status check_cgroup_parent(const std::string& path);

}  // namespace ktstr
