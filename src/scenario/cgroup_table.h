// SPDX-License-Identifier: Apache-2.0
//
// A [[cgroup]] table of a scenario file:
//
//   [[cgroup]]
//   name = "cg_0"
//   workers = 2                                                # default 1
//   work = { type = "Bursty", burst = "5ms", sleep = "10ms" }  # or "SpinWait", which is the default
//   nice = 5
//   cpuset = "llc:0"                                           # "node:1", "slice:0/2", "0-3,8", "all"
//   cpu_weight = 200
//
// With several kinds of workers in one cgroup, `workers`, `work` and `nice` move into one table for each kind:
//
//   [[cgroup.work]]
//   type = "Mixed"
//   workers = 3
#pragma once

#include <optional>

#include "ktstr/scenario.h"
#include "scenario/table_reader.h"

namespace ktstr {

struct CgroupTable {
  CgroupDef def;
  std::optional<SourcePosition> cpuset_at;
};

// Empty after a mistake that leaves no definition; other mistakes leave defaults in their places.
std::optional<CgroupTable> read_cgroup_table(const TomlValue& table, Mistakes& mistakes);


}  // namespace ktstr
