// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "ktstr/knob.h"

namespace ktstr {

namespace {

struct Row {
  std::string_view name, file;
};

// In the order of Knob.
constexpr std::array<Row, kKnobCount> kRows = {{
    {"cpuset_mems", "cpuset.mems"},
    {"cpuset_exclusive", "cpuset.cpus.exclusive"},
    {"cpuset_partition", "cpuset.cpus.partition"},
    {"cpu_max", "cpu.max"},
    {"cpu_burst", "cpu.max.burst"},
    {"cpu_weight", "cpu.weight"},
    {"cpu_idle", "cpu.idle"},
    {"uclamp_min", "cpu.uclamp.min"},
    {"uclamp_max", "cpu.uclamp.max"},
    {"memory_max", "memory.max"},
    {"memory_high", "memory.high"},
    {"memory_low", "memory.low"},
    {"memory_min", "memory.min"},
    {"memory_swap_max", "memory.swap.max"},
    {"memory_oom_group", "memory.oom.group"},
    {"io_weight", "io.weight"},
    {"io_max", "io.max"},
    {"pids_max", "pids.max"},
}};

const Row& row_of(Knob knob) { return kRows[static_cast<std::size_t>(knob)]; }

}  // namespace

std::string_view name_of(Knob knob) { return row_of(knob).name; }
std::string_view file_of(Knob knob) { return row_of(knob).file; }
std::string_view controller_of(Knob knob) {
  const std::string_view file = file_of(knob);
  return file.substr(0, file.find('.'));
}
Status check_knob(Knob, std::string_view) { return ok(); }

}  // namespace ktstr
