// SPDX-License-Identifier: Apache-2.0
//
// A log with a dump in it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sched_ext/dump.h"

namespace ktstr {

struct DumpLog {
  SchedExtDump dump;               // lines count from 0
  std::string ops;                 // the scheduler's name, "ktstr"; "" where the log has no line of the kernel with it
  std::string reason, message;     // "runnable task stall" and "cg_0/1[106] failed to run for 3.039s"
  std::optional<double> uptime_s;  // from its attach to its end, where the kernel's times of both are there
  bool was_enabled = true;         // false: it was refused
  CpuSet offline;                  // CPUs that the log or the dump has as offline
  std::vector<std::string> notes;  // on how it was read
};

// kInvalidArgument "FILE:LINE: ..." as import_dump() has it.
Result<DumpLog> read_dump_log(std::string_view text, const std::string& file);

}  // namespace ktstr
