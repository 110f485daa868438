// SPDX-License-Identifier: Apache-2.0
//
// A trace for a person and for other programs, line by line.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "trace/trace_file.h"

namespace ktstr {

using TraceSink = std::function<Status(std::string_view)>;

// Of guest time; what is outside is followed, and not shown.
struct TraceWindow {
  std::uint64_t from_ns = 0, to_ns = UINT64_MAX;
  bool holds(std::uint64_t at_ns) const { return at_ns >= from_ns && at_ns <= to_ns; }
};

// One line each time that a task leaves a CPU, with the columns of `perf sched timehist`: when, which CPU,
// task[tid/pid], how long it had been off the CPUs before (wait time), how much of that since it was woken (sch delay),
// and how long it ran. "-" where the recorder began too late to know.
Status export_text(TraceReader& reader, const TraceSink& sink);
Status export_text(TraceReader& reader, const TraceSink& sink, const TraceWindow& window);

// One JSON object an event and line: "time_ns", "on_cpu", "kind", then its fields by their names. A field that could
// not be read is null.
Status export_json(TraceReader& reader, const TraceSink& sink);
Status export_json(TraceReader& reader, const TraceSink& sink, const TraceWindow& window);
std::string json_line(const TraceEvent& event);

}  // namespace ktstr
