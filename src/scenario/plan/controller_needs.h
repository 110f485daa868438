// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ktstr/cgroup_def.h"

namespace ktstr {

// What a group's parents must enable for their children.
class ControllerNeeds {
 public:
  void add(const std::string& group, std::string_view controller);
  void add(const CgroupDef& def);
  // By the group for whose children they are enabled; in the order cpuset, cpu, memory, io, pids.
  std::map<std::string, std::vector<std::string>> in_order() const;

 private:
  std::map<std::string, std::set<std::string>> needs_;
};

}  // namespace ktstr
