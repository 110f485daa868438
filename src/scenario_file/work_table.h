// SPDX-License-Identifier: Apache-2.0
//
// A group of equal workers as scenario files write it: in [[cgroup.work]], in an op's `work`, and (all but the type's
// parameters) in a [[cgroup]] itself:
//
//   [[cgroup.work]]
//   type = "Bursty"                 # with its parameters beside it
//   burst = "5ms"
//   workers = 3                     # or workers_pct = 1.0: one a CPU of the cpuset
//   nice = -5
//   comm = "ui"
//   pcomm = "browser"               # threads of one process of this name
//   uid = 1000
//   gid = 1000
//   numa_node = 0
//   policy = "fifo:50"              # policy_reader.h
//   mem_policy = "bind:0"
//   affinity = "random:2"
//   task_uclamp_min = 512           # of each worker; `uclamp_min` is the cgroup's
//   task_uclamp_max = 1024
//   slice = "3ms"
//   timer_slack = "50us"
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "ktstr/cgroup_def.h"
#include "scenario_file/table_reader.h"

namespace ktstr {

inline constexpr std::string_view kAcceptedWork =
    "a work type like \"SpinWait\", or a table like { type = \"Bursty\", burst = \"5ms\" }";

// Mistakes leave defaults in their places, in all of these; the result keeps check_work_spec().

// `spec.workers` or `spec.workers_pct`; false when neither was said. `least` is 0 or 1.
bool read_worker_count(TableReader& reader, int least, WorkSpec& spec);
// What workers of a cgroup share if they do not say otherwise: nice, comm, pcomm, uid, gid, numa_node.
void read_shared_attributes(TableReader& reader, WorkSpec& spec);
// What a group of workers has by itself: policy, affinity, mem_policy, task_uclamp_min, task_uclamp_max,
// slice, timer_slack.
void read_own_attributes(TableReader& reader, WorkSpec& spec);
// A whole table with type, parameters, number and attributes; `name` is what messages call it.
WorkSpec read_work_table(const TomlValue& table, std::string_view name, Mistakes& mistakes);
// `key` as "SpinWait" or { type = "Bursty", burst = "5ms" }, without attributes.
std::optional<WorkType> read_work_type(TableReader& reader, std::string_view key);

// The keys of the functions above.
const std::vector<std::string_view>& own_attribute_keys();

}  // namespace ktstr
