// SPDX-License-Identifier: Apache-2.0
//
// A group of equal workers as scenario files write it: in [[cgroup.work]], in an op's `work`, and (all but the type's
// parameters) in a [[cgroup]] itself:
//
//   [[cgroup.work]]
//   type = "Bursty"                 # with its parameters beside it
//   burst = "5ms"
//   workers = 3                     # or workers_pct = 1.0: one a CPU of the cpuset
//   nice = -5                       # and the other attributes of scenario/plan/worker_attributes.h
//   policy = "fifo:50"              # policy_reader.h
//   task_uclamp_min = 512           # of each worker; `uclamp_min` is the cgroup's
#pragma once

#include <optional>
#include <string_view>

#include "ktstr/cgroup_def.h"
#include "scenario_file/table_reader.h"

namespace ktstr {

inline constexpr std::string_view kAcceptedWork =
    "a work type like \"SpinWait\", or a table like { type = \"Bursty\", burst = \"5ms\" }";

// Mistakes leave defaults in their places, in all of these; the result keeps check_work_spec().

// `spec.workers` or `spec.workers_pct`; false when neither was said. `least` is 0 or 1.
bool read_worker_count(TableReader& reader, int least, WorkSpec& spec);
// `shared`: what workers of a cgroup share if they do not say otherwise.
void read_attributes(TableReader& reader, WorkSpec& shared, WorkSpec& own);
// A whole table with type, parameters, number and attributes; `name` is what messages call it.
WorkSpec read_work_table(const TomlValue& table, std::string_view name, Mistakes& mistakes);
// `key` as "SpinWait" or { type = "Bursty", burst = "5ms" }, without attributes.
std::optional<WorkType> read_work_type(TableReader& reader, std::string_view key);

}  // namespace ktstr
