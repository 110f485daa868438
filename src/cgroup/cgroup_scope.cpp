// SPDX-License-Identifier: Apache-2.0
#include "cgroup/cgroup_scope.h"

#include <algorithm>

#include "base/log.h"

namespace ktstr {

namespace {

void close_and_warn(CgroupScope& scope) {
  for (const auto& left : scope.close()) log_warn("a cgroup is left behind: {}", left.error.render());
}

}  // namespace

CgroupScope::CgroupScope(CgroupScope&& other) noexcept : ops_(other.ops_), names_(std::exchange(other.names_, {})) {}

CgroupScope& CgroupScope::operator=(CgroupScope&& other) noexcept {
  if (this != &other) {
    close_and_warn(*this);
    ops_ = other.ops_;
    names_ = std::exchange(other.names_, {});
  }
  return *this;
}

CgroupScope::~CgroupScope() { close_and_warn(*this); }

Status CgroupScope::create(std::string_view name) {
  KTSTR_TRY(ops_->create(name));
  names_.emplace_back(name);
  return ok();
}

Status CgroupScope::remove(std::string_view name) {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end()) return fail(ErrorCode::kInvalidArgument, "cgroup {} is not of this scope", name);
  KTSTR_TRY(ops_->remove(name));
  names_.erase(found);
  return ok();
}

bool CgroupScope::forget(std::string_view name) {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end()) return false;
  names_.erase(found);
  return true;
}

std::vector<CgroupScope::NotRemoved> CgroupScope::close() {
  std::vector<NotRemoved> left;
  for (; !names_.empty(); names_.pop_back())
    if (Status removed = ops_->remove(names_.back()); !removed && removed.error().code() != ErrorCode::kNotFound)
      left.push_back({names_.back(), std::move(removed).error()});
  return left;
}

}  // namespace ktstr
