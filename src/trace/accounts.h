// SPDX-License-Identifier: Apache-2.0
//
// What each task, CPU and cgroup had of a stretch of guest time, from the events alone.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "trace/scheduling.h"
#include "trace/task_table.h"
#include "trace/trace_file.h"

namespace ktstr {

struct TaskAccount {
  std::int32_t pid = 0;
  std::string comm, cgroup;  // as they were last; the cgroup's path
  std::uint64_t ran_ns = 0, waited_ns = 0, slept_ns = 0;
  std::uint64_t kept_off_ns = 0;  // of waited_ns: by a quota
  // The same by rq.clock, of which the kernel makes its own: /proc/PID/schedstat. It is a little behind.
  std::uint64_t ran_by_clock_ns = 0, waited_by_clock_ns = 0;
  std::uint64_t runs = 0;          // times that it got a CPU
  std::uint64_t preemptions = 0;   // times that it had to leave one
  std::uint64_t wakeups = 0;       // that it was runnable from, its first one included
  std::uint64_t moved_awake = 0;   // to another CPU while it waited or ran
  std::uint64_t moved_asleep = 0;  // woken on another CPU than it was on
  std::uint64_t longest_wait_ns = 0, longest_run_ns = 0;
  bool whole_life = false;  // it was born and has died in this time
  // Of such a task: by how much the kernel's own account of it differs from ran_by_clock_ns and waited_by_clock_ns.
  std::int64_t ran_off_ns = 0, waited_off_ns = 0;
};

struct CpuAccount {
  std::uint64_t busy_ns = 0, idle_ns = 0, irq_ns = 0;  // interrupts are a part of the others
  std::uint64_t switches = 0;
};

struct Accounts {
  std::uint64_t from_ns = 0, to_ns = 0;
  std::vector<TaskAccount> tasks;                   // that ran or waited, most CPU time first
  std::vector<CpuAccount> cpus;                     // by number
  std::map<std::string, std::uint64_t> cgroups_ns;  // what tasks ran in each, by its path, without those below
};

// Between two moments of guest time; the whole trace by default.
Result<Accounts> account(TraceReader& trace, std::uint64_t from_ns = 0, std::uint64_t to_ns = UINT64_MAX);

// For people: a table of tasks, one of CPUs, one of cgroups.
std::string to_text(const Accounts& accounts);
// {"from_ns", "to_ns", "tasks": [{"pid", "comm", ...}], "cpus": [...], "cgroups": {...}}
std::string to_json(const Accounts& accounts);

}  // namespace ktstr
