// SPDX-License-Identifier: Apache-2.0
//
// The limits of a cgroup. A knob is a file of cgroup v2 that scenarios write; src/cgroup/knob_table.cpp has one row
// a knob, from which the builders' rules, the keys of scenario files and the reference page come. Every write is read
// back and compared with what the kernel then shows; a kernel that lacks the file is reported as kUnsupported with what
// it needs. Sources: Documentation/admin-guide/cgroup-v2.rst.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace ktstr {

// In the order in which they are written: what bounds another comes first.
enum class Knob : std::uint8_t {
  kCpusetMems,       // cpuset.mems: NUMA nodes
  kCpusetExclusive,  // cpuset.cpus.exclusive (Linux 6.7): CPUs
  kCpusetPartition,  // cpuset.cpus.partition: member, root, isolated
  kCpuMax,           // cpu.max: "QUOTA PERIOD" in us, or "max PERIOD"; the period may be left out
  kCpuMaxBurst,      // cpu.max.burst: us, at most the quota
  kCpuWeight,        // cpu.weight: 1..10000
  kCpuIdle,          // cpu.idle: 0, 1
  kUclampMin,        // cpu.uclamp.min: percent "0.00".."100.00" or "max"
  kUclampMax,        // cpu.uclamp.max
  kMemoryMax,        // memory.max: bytes ("64M" too) or "max"
  kMemoryHigh,       // memory.high
  kMemoryLow,        // memory.low
  kMemoryMin,        // memory.min
  kMemorySwapMax,    // memory.swap.max (CONFIG_SWAP)
  kMemoryOomGroup,   // memory.oom.group: 0, 1
  kIoWeight,         // io.weight: 1..10000
  kIoMax,            // io.max: "MAJ:MIN rbps=... wbps=... riops=... wiops=..."
  kPidsMax,          // pids.max: at least 1, or "max"
};
constexpr std::size_t kKnobCount = 18;

// One knob and what goes into its file.
struct KnobSetting {
  Knob knob;
  std::string value;
  friend bool operator==(const KnobSetting&, const KnobSetting&) = default;
};

std::string_view name_of(Knob knob);        // as scenario files spell it: "cpu_weight"
std::string_view file_of(Knob knob);        // "cpu.weight"
std::string_view controller_of(Knob knob);  // "cpu"
// kInvalidArgument with the accepted form where the kernel can only refuse `value`, or would read something else in it
// (a leading zero is octal to it).
Status check_knob(Knob knob, std::string_view value);

}  // namespace ktstr
