// SPDX-License-Identifier: Apache-2.0
//
// Who is who in a stream of events: each task's process and name, each cgroup's path, and what the user's probes are
// called, beside what Scheduling says of tasks. Follows the stream, so that it is right at the moment of the event that
// it was given last.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "trace/events.h"
#include "trace/probes/probe_names.h"
#include "trace/scheduling.h"

namespace ktstr {

struct TracedTask {
  std::int32_t tgid = 0;
  std::string comm;
  std::uint32_t prio = 120;  // task_struct.prio, as far as it was seen
  bool is_new = false;       // it was forked and has not been woken
};

// What an event meant for a task beyond its fields.
struct TaskChange {
  bool is_wakeup = false;            // an enqueue that ends a sleep
  bool is_first_wakeup = false;      // of a new task
  std::optional<std::int32_t> gone;  // the task that has run for the last time; it is forgotten with the next event
};

class TaskTable {
 public:
  TaskChange follow(const TraceEvent& event);

  const Scheduling& scheduling() const { return scheduling_; }
  // Null for the idle task, and for a task that nothing was said of.
  const TracedTask* task(std::int32_t pid) const;
  // Its name; "swapper/2" for the idle task of CPU 2, "?" for one that nothing was said of.
  std::string comm(std::int32_t pid, std::uint32_t cpu) const;
  // Its pid; 0: idle, or not known.
  std::int32_t running(std::uint32_t cpu) const;
  // 0: not known.
  std::uint64_t cgroup_of(std::int32_t pid) const;
  // "/test/cg_0"; "cgroup 17" for one that nothing was said of.
  std::string cgroup_path(std::uint64_t cgroup) const;
  const ProbeNames& probes() const { return probes_; }
  // Whether a cgroup is `above`, or below it.
  bool is_within(std::uint64_t cgroup, std::uint64_t above) const;

 private:
  struct Cgroup {
    std::uint64_t parent = 0;
    std::string name;
  };
  TracedTask* make(std::int32_t pid);
  void name_cgroup(std::uint64_t cgroup, std::uint64_t parent, const TraceText<4>& name);

  Scheduling scheduling_;
  ProbeNames probes_;
  std::unordered_map<std::int32_t, TracedTask> tasks_;
  std::unordered_map<std::uint64_t, Cgroup> cgroups_;
  std::optional<std::int32_t> gone_;
};

}  // namespace ktstr
