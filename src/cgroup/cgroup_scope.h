// SPDX-License-Identifier: Apache-2.0
//
// Groups that are removed again: what a step sets up is gone when the step is over, whatever happened in between.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cgroup/cgroup_ops.h"

namespace ktstr {

class CgroupScope {
 public:
  struct NotRemoved {
    std::string name;
    Error error;
  };
  // `ops` must outlive the scope.
  explicit CgroupScope(CgroupOps& ops) : ops_(&ops) {}
  CgroupScope(CgroupScope&& other) noexcept;
  CgroupScope& operator=(CgroupScope&& other) noexcept;
  // As close(), with a warning for each error.
  ~CgroupScope();

  Status create(std::string_view name);
  // Removes one of the scope's groups now. It stays in the scope when that fails.
  Status remove(std::string_view name);
  // Leaves one of the scope's groups to somebody else; false where it is none of them.
  bool forget(std::string_view name);
  // Removes all groups in reverse order of creation; one that cannot be removed does not keep the others, and one
  // that is gone already is fine. Empty after that, so that a second call does nothing.
  std::vector<NotRemoved> close();

  // In order of creation.
  const std::vector<std::string>& names() const { return names_; }

 private:
  CgroupOps* ops_;
  std::vector<std::string> names_;
};

}  // namespace ktstr
