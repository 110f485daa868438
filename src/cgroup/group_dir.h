// SPDX-License-Identifier: Apache-2.0
//
// A cgroup's directory and its files by directory file descriptor: the system calls beneath CgroupFs.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace ktstr {

// "" is `parent` itself.
Result<Fd> open_group(const Fd& parent, std::string_view name);
// Without the trailing newline.
Result<std::string> read_group_file(const Fd& group, std::string_view file);
// In one write(2), as cgroupfs wants it.
Status write_group_file(const Fd& group, std::string_view file, std::string_view value);
Result<std::vector<int>> read_processes(const Fd& group);
// The names of the groups directly below, sorted.
Result<std::vector<std::string>> child_groups(const Fd& group);
// rmdir. While the group is busy with dying members, waits for its cgroup.events, at most `timeout` of CLOCK_MONOTONIC;
// kBusy with its members and what they do after that. kInvalidArgument with their names where it has child groups;
// kNotFound when it is gone already.
Status remove_group(const Fd& parent, std::string_view name, std::chrono::nanoseconds timeout);

}  // namespace ktstr
