// SPDX-License-Identifier: GPL-2.0-only
// Which CPUs share a last-level cache, as sysfs tells.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace scx_ktstr {

struct LlcMap {
  unsigned nr_llcs = 1;
  std::vector<unsigned> llc_of_cpu;  // index: CPU number, possible CPUs
};

// The CPUs of a list in the kernel's format, such as "0-3,8". Empty text is an empty list.
tl::expected<std::vector<unsigned>, std::string> parse_cpu_list(const std::string& text);

// Groups the possible CPUs by their cache of the highest level; LLCs are numbered by their lowest
// CPU. A CPU without cache information (offline, or a virtual machine that shows none) goes to LLC
// 0.
tl::expected<LlcMap, std::string> find_llcs(const std::string& sysfs_root);

}  // namespace scx_ktstr
