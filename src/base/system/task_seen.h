// SPDX-License-Identifier: Apache-2.0
//
// What /proc says: which processes there are, and of a task that is where it should not be any more, for messages.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace ktstr {

struct TaskSeen {
  int pid = 0;
  std::string comm;          // "" for a task that is gone
  char state = '?';          // as in proc_pid_stat(5): R, S, D, T, Z, X
  std::string wchan;         // where it sleeps in the kernel; "" where it does not, or where that is not known
  std::uint64_t cpu_ns = 0;  // that its first thread has run so far; 0 where the kernel does not say

  // "61 (cg_0/1, state R)", "61 (sh, state D in do_exit)", "61 (gone)".
  std::string describe() const;
};

TaskSeen look_at_task(const fs::path& proc, int pid);
// All processes, in the order in which the kernel lists them.
Result<std::vector<int>> list_processes(const fs::path& proc);
// The first `most` of them, and how many more there are.
std::string describe_tasks(const fs::path& proc, const std::vector<int>& pids, std::size_t most = 8);

}  // namespace ktstr
