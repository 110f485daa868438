// SPDX-License-Identifier: Apache-2.0
//
// The limits of a cgroup as scenario files write them. Every knob has a key of its name (ktstr/knob.h); what stands
// after it is a TOML value in the units of people, which becomes what the knob's file takes:
//
//   memory_max = "64M"                      # 67108864
//   cpu_burst = "10ms"                      # 10000
//   cpu_idle = true                         # 1
//   cpu_quota = "50ms", cpu_period = "100ms"   # cpu.max: "50000 100000"
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ktstr/knob.h"
#include "scenario_file/table_reader.h"

namespace ktstr {

std::vector<std::string_view> knob_names();

// What `knob`'s file takes, from the value of `key`; empty when the key is not there, or with a mistake.
std::optional<std::string> read_knob_value(TableReader& reader, std::string_view key, Knob knob);
// Every knob of a [[cgroup]], and the other ways to write cpu.max: cpu_quota_pct, cpu_quota with cpu_period,
// cpu_unlimited. One of them at most.
std::vector<KnobSetting> read_knobs(TableReader& cgroup);

// The keys that are no knob's name but write one.
struct QuotaKey {
  std::string_view key, form, meaning;
};
const std::vector<QuotaKey>& quota_keys();

}  // namespace ktstr
