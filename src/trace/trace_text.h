// SPDX-License-Identifier: Apache-2.0
//
// A trace for a person and for other programs, line by line.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "trace/trace_file.h"

namespace ktstr {

using TraceSink = std::function<Status(std::string_view)>;

// One line each time that a task leaves a CPU, with the columns of `perf sched timehist`: when, which CPU,
// task[tid/pid], how long it had been off the CPUs before (wait time), how much of that since it was woken (sch delay),
// and how long it ran. "-" where the recorder began too late to know.
Status export_text(TraceReader& reader, const TraceSink& sink);

// One JSON object an event and line: "time_ns", "on_cpu", "kind", then its fields by their names. A field that could
// not be read is null.
Status export_json(TraceReader& reader, const TraceSink& sink);
std::string json_line(const TraceEvent& event);

}  // namespace ktstr
