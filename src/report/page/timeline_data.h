// SPDX-License-Identifier: Apache-2.0
//
// A trace as the page has it: what tasks did, CPU by CPU, in columns of small numbers that a browser unpacks. It is
// made of the transitions that `ktstr trace --accounts` is made of, so that the page comes to the same sums.
//
// Streams: "phase" (a task goes from one phase to another), "wake" (who woke it; one for each phase that ends a sleep),
// "move" (a task is in a cgroup from now on), "queue" (a BPF scheduler puts a task into a queue), "quota" (a cgroup is
// throttled on a CPU, or no more), "online" and "held" (of CPUs). A column is a list of varints (7 bits a byte, lowest
// first, 0x80: more come); times are the ns since the stream's entry before, the first since `from_ns`.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "trace/trace_file.h"

namespace ktstr {

struct TimelineLimits {
  std::uint64_t entries = 4'000'000;  // of all streams; the timeline ends where there would be more
  std::size_t tasks = 65'536;
};

struct TimelineData {
  // {"from_ns", "to_ns", "cpus", "tasks": [{"pid", "comm", "cgroup"}], "cgroups": [...], "queues": [...],
  // "columns": {"phase": {"dt": [offset, bytes], ...}}, "cut": "" or why it ends early, "holes": bool}.
  // from_ns and to_ns are texts of guest CLOCK_MONOTONIC, which a number of JavaScript may not hold.
  std::string head;
  std::string columns;
  bool is_empty = false;  // there is nothing to be seen
};

// kCorruptData where the trace is damaged.
Result<TimelineData> timeline_data(TraceReader& trace, const TimelineLimits& limits = {});

}  // namespace ktstr
