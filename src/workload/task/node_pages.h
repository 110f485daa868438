// SPDX-License-Identifier: Apache-2.0
//
// On which NUMA nodes a process's memory is: /proc/PID/numa_maps (proc_pid_numa_maps(5)).
#pragma once

#include <string_view>
#include <vector>

#include "ktstr/work.h"

namespace ktstr {

// The pages of all mappings, by node; of a huge one as many as it stands for. Empty for what is no such file.
std::vector<NodePages> node_pages_of(std::string_view numa_maps);

}  // namespace ktstr
