// SPDX-License-Identifier: Apache-2.0
#include "scenario/plan/definition_rules.h"

#include <algorithm>
#include <cmath>

#include "scenario/plan/worker_attributes.h"
#include "workload/types/work_types.h"

namespace ktstr {

namespace {

// The kernel refuses '\n' itself (cgroup_mkdir, kernel/cgroup/cgroup.c); the other control characters would only spoil
// reports.
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// With '?' for what would spoil a message.
std::string without_controls(std::string_view name) {
  std::string text(name);
  std::replace_if(text.begin(), text.end(), is_control, '?');
  return text;
}

constexpr std::size_t kMaxCgroupPath = 3072;  // leaves room for the mount and the file below PATH_MAX

constexpr std::string_view kNameLike = "a name like 'cg_0', or 'cg_0/inner' inside of 'cg_0'";

Status no_name() { return fail(ErrorCode::kInvalidArgument, "a cgroup needs a name; accepted: {}", kNameLike); }

// One component of a path.
Status check_cgroup_name(std::string_view name) {
  if (name.empty()) return no_name();
  if (std::any_of(name.begin(), name.end(), is_control))
    return fail(ErrorCode::kInvalidArgument,
                "the cgroup name '{}' has a control character where '?' stands; accepted: {}", without_controls(name),
                kNameLike);
  if (name.size() > kMaxCgroupName)
    return fail(ErrorCode::kInvalidArgument, "the cgroup name '{}...' has {} bytes; at most {}", name.substr(0, 20),
                name.size(), kMaxCgroupName);
  if (name == "." || name == "..")
    return fail(ErrorCode::kInvalidArgument, "'{}' cannot name a cgroup; accepted: {}", name, kNameLike);
  return ok();
}

}  // namespace

Status check_cgroup_path(std::string_view path) {
  if (path.empty()) return no_name();
  if (path.front() == '/' || path.back() == '/' || path.find("//") != std::string_view::npos)
    return fail(ErrorCode::kInvalidArgument, "'{}' cannot name a cgroup; accepted: {}", without_controls(path),
                kNameLike);
  if (path.size() > kMaxCgroupPath)
    return fail(ErrorCode::kInvalidArgument, "the cgroup path '{}...' has {} bytes; at most {}", path.substr(0, 20),
                path.size(), kMaxCgroupPath);
  for (std::string_view rest = path; !rest.empty();) {
    const std::size_t slash = rest.find('/');
    KTSTR_TRY(check_cgroup_name(rest.substr(0, slash)));
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  }
  return ok();
}

Status check_workers(std::int64_t count) {
  if (count >= 1 && count <= kMaxWorkers) return ok();
  return fail(ErrorCode::kInvalidArgument, "{} workers are not valid; accepted: 1 to {}", count, kMaxWorkers);
}

Status check_nice(std::int64_t value) {
  if (value >= kMinNice && value <= kMaxNice) return ok();
  return fail(ErrorCode::kInvalidArgument, "nice {} is out of range; accepted: {} to {}", value, kMinNice, kMaxNice);
}

Status check_workers_pct(double of_cpus) {
  if (std::isfinite(of_cpus) && of_cpus > 0) return ok();
  return fail(ErrorCode::kInvalidArgument,
              "workers_pct {} is not valid; accepted: finite and above 0, 1.0 is one worker a CPU", of_cpus);
}

Status check_quota_pct(std::int64_t percent) {
  if (percent >= 1 && percent <= 409600) return ok();
  return fail(ErrorCode::kInvalidArgument, "a CPU quota of {}% is not valid; accepted: 1 and more, 100 is one CPU",
              percent);
}

Status check_comm(std::string_view name, std::string_view key) {
  if (!name.empty() && name.size() <= kMaxComm && name.find('\0') == std::string_view::npos) return ok();
  return fail(ErrorCode::kInvalidArgument, "'{}' cannot be a {}; accepted: 1 to {} bytes without a NUL",
              without_controls(name), key, kMaxComm);
}

Status check_uclamp(std::int64_t min, std::int64_t max) {
  if (min >= 0 && min <= max && max <= kMaxUclamp) return ok();
  return fail(ErrorCode::kInvalidArgument, "a task's uclamp of {} to {} is not valid; accepted: 0 <= min <= max <= {}",
              min, max, kMaxUclamp);
}

Status check_work_spec(const WorkSpec& spec) {
  KTSTR_TRY(check_workers(spec.workers));
  if (spec.workers_pct) KTSTR_TRY(check_workers_pct(*spec.workers_pct));
  for (const WorkerAttribute& row : worker_attributes()) KTSTR_TRY(row.rule(spec));
  KTSTR_TRY(check_uclamp(spec.uclamp_min.value_or(0), spec.uclamp_max.value_or(kMaxUclamp)));
  KTSTR_TRY(check_work_type(spec.type));
  return check_beside(spec);
}

}  // namespace ktstr
