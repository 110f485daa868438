// SPDX-License-Identifier: Apache-2.0
//
// What a cgroup definition may say. The builders throw on a breach (a mistake in the test's source), the scenario file
// reports it with its line: the rule and its words are the same.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace ktstr {

inline constexpr int kMaxWorkers = 4096;  // of one group; more is a slip of the finger
inline constexpr int kMinNice = -20;      // sched(7)
inline constexpr int kMaxNice = 19;
inline constexpr int kMinCpuWeight = 1;  // CGROUP_WEIGHT_MIN and _MAX, include/linux/cgroup.h
inline constexpr int kMaxCpuWeight = 10000;
inline constexpr std::size_t kMaxCgroupName = 200;  // bytes; leaves room below NAME_MAX

// kInvalidArgument unless it is one path component that the kernel accepts.
Status check_cgroup_name(std::string_view name);
// 64 bits wide, so that a number from a file is judged before it is narrowed.
Status check_workers(std::int64_t count);
Status check_nice(std::int64_t value);
Status check_cpu_weight(std::int64_t weight);
// Part `index` of `of` parts, whatever the machine.
Status check_slice(int index, int of);
// So many CPUs chosen at random, whatever the machine.
Status check_random(int count);

}  // namespace ktstr
