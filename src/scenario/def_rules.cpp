// SPDX-License-Identifier: Apache-2.0
#include "scenario/def_rules.h"

#include <algorithm>

namespace ktstr {

namespace {

// The kernel refuses '\n' itself (cgroup_mkdir, kernel/cgroup/cgroup.c); the other control characters would only spoil
// reports.
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

Status check_cgroup_name(std::string_view name) {
  if (name.empty()) return fail(ErrorCode::kInvalidArgument, "a cgroup needs a name");
  if (std::any_of(name.begin(), name.end(), is_control))
    return fail(ErrorCode::kInvalidArgument, "a cgroup's name cannot hold control characters");
  if (name.size() > kMaxCgroupName)
    return fail(ErrorCode::kInvalidArgument, "the cgroup name '{}...' has {} bytes; at most {}", name.substr(0, 20),
                name.size(), kMaxCgroupName);
  if (name == "." || name == ".." || name.find('/') != std::string_view::npos)
    return fail(ErrorCode::kInvalidArgument,
                "'{}' cannot name a cgroup: one path component, without '/', not '.' or '..'", name);
  return ok();
}

Status check_workers(std::int64_t count) {
  if (count >= 1 && count <= kMaxWorkers) return ok();
  return fail(ErrorCode::kInvalidArgument, "{} workers cannot be; accepted: 1 to {}", count, kMaxWorkers);
}

Status check_nice(std::int64_t value) {
  if (value >= kMinNice && value <= kMaxNice) return ok();
  return fail(ErrorCode::kInvalidArgument, "nice {} is out of range; accepted: {} to {}", value, kMinNice, kMaxNice);
}

Status check_cpu_weight(std::int64_t weight) {
  if (weight >= kMinCpuWeight && weight <= kMaxCpuWeight) return ok();
  return fail(ErrorCode::kInvalidArgument, "cpu_weight {} is out of range; accepted: {} to {}", weight, kMinCpuWeight,
              kMaxCpuWeight);
}

Status check_slice(int index, int of) {
  if (of < 1) return fail(ErrorCode::kInvalidArgument, "CPUs cannot be cut into {} parts; at least 1", of);
  if (index < 0 || index >= of)
    return fail(ErrorCode::kInvalidArgument, "there is no part {} of {}; parts are counted from 0", index, of);
  return ok();
}

Status check_random(int count) {
  if (count >= 1) return ok();
  return fail(ErrorCode::kInvalidArgument, "{} CPUs cannot be chosen; at least 1", count);
}

}  // namespace ktstr
