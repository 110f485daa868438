// SPDX-License-Identifier: Apache-2.0
//
// An event for a person, with names: "load/3[108] goes into the scheduler's queue 0x0, with a slice of 5.0 ms".
#pragma once

#include <cstdint>
#include <string>

#include "trace/events.h"
#include "trace/task_table.h"

namespace ktstr {

// `before`: the table as it is before it follows the event. "" for what is only seen to know what was there.
std::string event_words(const TraceEvent& event, const TaskTable& before);

// "load/3[108]", as in `ktstr trace --text`; "<idle>" for pid 0.
std::string task_text(std::int32_t pid, const TaskTable& table);

// Of a kProbe, with the names of its tasks: "simple_enqueue(p load/3[108], enq_flags WAKEUP)".
std::string probe_text(const TraceEvent& event, const TaskTable& table);

// The task that an event is about, or 0: whom it enqueues, moves, puts into a queue, ...; not of a switch, which is
// about two.
std::int32_t task_of(const TraceEvent& event, const TaskTable& before);

// A cgroup's path without what is above it and has no name that is known: "load" of "cgroup 28/load".
std::string named_part(const std::string& cgroup_path);

// "1.23 s", "412.0 ms", "17 us".
std::string time_text(std::uint64_t ns);

}  // namespace ktstr
