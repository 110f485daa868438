// SPDX-License-Identifier: Apache-2.0
//
// What a cgroup definition may say. The builders throw on a breach (a mistake in the test's source), the scenario file
// reports it with its line: the rule and its words are the same.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "ktstr/work.h"

namespace ktstr {

inline constexpr int kMaxWorkers = 4096;  // of one group; more is a slip of the finger
inline constexpr int kMinNice = -20;      // sched(7)
inline constexpr int kMaxNice = 19;
inline constexpr std::size_t kMaxCgroupName = 200;  // bytes of a component; leaves room below NAME_MAX
inline constexpr std::size_t kMaxComm = 15;         // TASK_COMM_LEN less the final NUL, include/linux/sched.h
inline constexpr int kMaxUclamp = 1024;             // SCHED_CAPACITY_SCALE

// kInvalidArgument unless it is a path of components that the kernel accepts: "cg_0", "cg_0/inner".
Status check_cgroup_path(std::string_view path);
// 64 bits wide, so that a number from a file is judged before it is narrowed.
Status check_workers(std::int64_t count);
Status check_nice(std::int64_t value);
Status check_workers_pct(double of_cpus);
Status check_quota_pct(std::int64_t percent);
// `key` is "comm" or "pcomm".
Status check_comm(std::string_view name, std::string_view key = "comm");
Status check_uclamp(std::int64_t min, std::int64_t max);
// All of a WorkSpec that can be judged without a machine.
Status check_work_spec(const WorkSpec& spec);

}  // namespace ktstr
