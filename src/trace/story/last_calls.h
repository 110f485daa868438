// SPDX-License-Identifier: Apache-2.0
//
// The last calls of the functions that a trace has probes of, put together from where they begin and end: what a BPF
// scheduler was asked about a task, what it did then, and what it answered.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "trace/task_table.h"
#include "trace/trace_file.h"

namespace ktstr {

struct CallLine {
  std::uint64_t at_ns = 0;
  std::uint16_t cpu = 0;
  std::uint8_t depth = 0;                // calls that it is within
  std::string words;                     // "simple_enqueue(p load/3[108], enq_flags WAKEUP) -> void"
  std::optional<std::uint64_t> took_ns;  // of a call that ended
  bool is_open = false;                  // a call that had not ended
};

// Of one task, or of one CPU.
struct CallsOf {
  std::int32_t pid = 0;
  std::string task;             // "load/3[108]"; "" of a CPU
  std::uint64_t calls = 0;      // not within another, ever
  std::vector<CallLine> lines;  // of the last of them, oldest first, with what the kernel did for the task between them
};

struct LastCalls {
  std::uint64_t end_ns = 0;               // where the kernel ended the scheduler; else of the last event
  std::optional<std::uint16_t> exit_cpu;  // where it did
  std::int32_t exit_pid = 0;              // what ran there
  std::vector<CallsOf> tasks;             // in the order in which they were asked for
  CallsOf at_exit;                        // of that CPU
};

struct AskedCalls {
  std::vector<std::int32_t> pids;
  std::uint64_t from_ns = 0;            // an end of a scheduler before it does not count
  std::uint64_t until_ns = UINT64_MAX;  // or where the kernel ends a scheduler by an error
  std::size_t most = 8;                 // calls of each, not counting those within
};

Result<LastCalls> last_calls(TraceReader& trace, const AskedCalls& asked);

}  // namespace ktstr
