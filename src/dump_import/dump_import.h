// SPDX-License-Identifier: Apache-2.0
//
// What users have of a scheduler that the kernel ended, as a scenario file: the dump that sched_ext makes of its state
// (sched_ext/dump.h), as the scheduler's program, the journal or the trace event sched_ext_dump show it, and the
// kernel's lines about the scheduler around it. Each task of the dump is a worker, on as many CPUs, under that
// scheduler; what a dump does not say is said in the file's first lines.
//
// The way: DumpLog (dump_log.h) finds and reads it; DumpWorkers (dump_workers.h) decides who becomes a worker and what
// each does; dump_text.h writes that down.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ktstr {

struct ImportedDump {
  std::string toml;
  std::vector<std::string> notes;  // what is not known, or not quite the same
};

// Whether a log has one.
bool has_dump(std::string_view text);

// `name` becomes the scenario's, `file` stands before the line in refusals: "dump.txt:17: ...". kInvalidArgument where
// there is no dump, or one with values that cannot be.
Result<ImportedDump> import_dump(std::string_view text, const std::string& name, const std::string& file);

}  // namespace ktstr
