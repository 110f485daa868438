// SPDX-License-Identifier: Apache-2.0
//
// Which programs of the guest belong to whom, by descent. The agent is PID 1, so it becomes the parent of all that lose
// theirs; the body becomes that of its own (PR_SET_CHILD_SUBREAPER). While the body lives, what is below PID 1 and not
// below the body is the scheduler's, whatever its process groups and sessions are.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ktstr::guest {

struct Program {
  pid_t pid = 0;
  std::string name;         // its comm
  std::uint64_t start = 0;  // in clock ticks after the boot
  friend bool operator==(const Program&, const Program&) = default;
};

// Those that live and descend from `root`, apart from `except` (0: nobody) and what descends from that; the oldest
// first. Neither kernel threads nor `root` itself. `proc` is "/proc"; what cannot be read is left out.
std::vector<Program> programs_below(const std::filesystem::path& proc, pid_t root, pid_t except);

}  // namespace ktstr::guest
