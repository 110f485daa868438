// SPDX-License-Identifier: Apache-2.0
//
// What a process is doing, from /proc: for a report about one that does not end.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ktstr::guest {

struct ProcessLook {
  std::vector<pid_t> threads;  // none: it is gone
  bool runnable = false;       // one of its threads is in state R
  std::uint64_t cpu_ns = 0;    // of all threads so far; proc(5), /proc/PID/schedstat
  std::string text;            // "state D in scx_disable", of its main thread; "it is gone"
};
// `proc`: "/proc". What cannot be read is left out.
ProcessLook look_at_process(const std::filesystem::path& proc, pid_t pid);

}  // namespace ktstr::guest
