// SPDX-License-Identifier: Apache-2.0
//
// CPUs that are slower than the others of their machine, in det mode: E-cores, a throttled core, one whose hypervisor
// gives its time to somebody else. They execute fewer instructions in the same guest time, exactly and repeatably.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ktstr/topology.h"

namespace ktstr {

struct CpuSpeed {
  CpuSet cpus;
  int percent = 100;  // of what the machine's other CPUs execute: 1 to 100

  friend bool operator==(const CpuSpeed&, const CpuSpeed&) = default;
};

inline constexpr int kLeastCpuSpeed = 1, kFullCpuSpeed = 100;

// kInvalidArgument for a percentage out of range, no CPU, or a CPU that a machine with `cpus` of them has not.
Status check_cpu_speed(const CpuSpeed& speed, int cpus);
// Of "40%".
Result<int> parse_cpu_speed(std::string_view text);
// "4-7=40%;9=10%", and back. "" for none.
std::string to_string(const std::vector<CpuSpeed>& speeds);
Result<std::vector<CpuSpeed>> cpu_speeds_from(std::string_view text);

}  // namespace ktstr
