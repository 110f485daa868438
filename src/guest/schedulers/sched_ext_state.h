// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace ktstr::guest {

// /sys/kernel/sched_ext: kernel/sched/ext.c. All empty where the kernel has no sched_ext.
struct SchedExtState {
  std::string state;             // "disabled", "enabling", "enabled", "disabling"
  std::string ops;               // name of the loaded scheduler
  std::uint64_t enable_seq = 0;  // counts schedulers that were loaded; 0 where the kernel does not say
  bool has_enable_seq = false;
};
SchedExtState read_sched_ext_state(const std::filesystem::path& sysfs_root);

}  // namespace ktstr::guest
