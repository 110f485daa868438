// SPDX-License-Identifier: Apache-2.0
//
// Scenarios as data: a TOML file says what a KTSTR_TEST says in C++, and needs no compiler.
//
//   name = "two_cgroups"          # default: the file's name without its ending
//   topology = "1n2l2c1t"
//   scheduler = "scx_simple -v"   # PATH ARGS; default: the kernel's own
//   duration = "2s"               # of guest time; default 1s
//   seed = 7
//   memory = "512M"
//
//   [checks]
//   max_gap = "2s"                # or false
//   max_spread_pct = 35           # or false
//   progress = true
//   isolation = true
//   scheduler_attached = true
//
//   [[cgroup]]                    # one step for the whole duration, or [[step]] and [[step.cgroup]]; see
//   cgroup_table.h name = "cg_0"
//
//   [[step]]
//   name = "warm up"
//   hold = "300ms"                # or "full", the default, or a fraction of the duration like 0.5
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "ktstr/scenario.h"
#include "scenario/toml_tree.h"

namespace ktstr {

struct ScenarioFile {
  // For messages about a topology that is known only later.
  struct CpusetUse {
    SourcePosition at;
    CpusetSpec spec;
  };
  std::string file_name;
  std::string name;
  std::optional<Topology> topology;
  std::string scheduler;  // as TestAttributes has it; empty: the kernel's own
  std::chrono::nanoseconds duration = std::chrono::seconds(1);
  std::optional<std::uint64_t> seed;
  Bytes memory = 0;  // 0: by rule
  Checks checks;
  std::vector<Step> steps;
  std::vector<CpusetUse> cpusets;
};

// `file_name` is for messages and the default name; nothing is opened. One kInvalidArgument Error holds all mistakes,
// one "file:line:column: what; accepted: ..." a line, in the order of the file. Any bytes are allowed as `text`.
Result<ScenarioFile> parse_scenario(std::string_view text, std::string_view file_name);

// Whether every cpuset of the file exists on `topology`, which may be another one than the file's own; mistakes as
// above.
Status check_against(const ScenarioFile& file, const Topology& topology);

}  // namespace ktstr
