// SPDX-License-Identifier: Apache-2.0
//
// A [[cgroup]] table of a scenario file:
//
//   [[cgroup]]
//   name = "cg_0"                                              # "cg_0/inner" inside of "cg_0"
//   workers = 2                                                # 0: an empty cgroup; or workers_pct = 1.0
//   work = { type = "Bursty", burst = "5ms", sleep = "10ms" }  # or "SpinWait", which is the default
//   nice = 5                                                   # and the other attributes of work_table.h
//   cpuset = "llc:0"                                           # "node:1", "slice:0/2", "0-3,8", "all", ...
//   cpu_weight = 200                                           # and the other knobs, see knob_reader.h
//   workload = "disk"                                          # a [[payload]] that runs beside the workers
//
// With several kinds of workers in one cgroup, what is said of them moves into one table for each kind:
//
//   [[cgroup.work]]
//   type = "Mixed"
//   workers = 3
#pragma once

#include <optional>

#include "ktstr/scenario.h"
#include "scenario_file/payload_table.h"
#include "scenario_file/table_reader.h"

namespace ktstr {

// Empty after a mistake that leaves no definition; other mistakes leave defaults in their places.
std::optional<CgroupDef> read_cgroup_table(const TomlValue& table, const DeclaredPayloads& payloads,
                                           Mistakes& mistakes);
// `key` as CpusetSpec::parse() reads it; empty when it is not there or a mistake.
std::optional<CpusetSpec> read_cpuset(TableReader& reader, std::string_view key);

}  // namespace ktstr
