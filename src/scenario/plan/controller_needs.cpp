// SPDX-License-Identifier: Apache-2.0
#include "scenario/plan/controller_needs.h"

#include "workload/types/work_types.h"

namespace ktstr {

void ControllerNeeds::add(const std::string& group, std::string_view controller) {
  needs_[""].insert(std::string(controller));
  for (std::size_t slash = group.find('/'); slash != std::string::npos; slash = group.find('/', slash + 1))
    needs_[group.substr(0, slash)].insert(std::string(controller));
}

void ControllerNeeds::add(const CgroupDef& def) {
  if (def.cpuset_spec()) add(def.name(), "cpuset");
  for (const KnobSetting& setting : def.knobs()) add(def.name(), controller_of(setting.knob));
  for (const WorkSpec& work : def.work_specs())
    for (const std::string_view controller : work_controllers(work.type)) add(def.name(), controller);
}

std::map<std::string, std::vector<std::string>> ControllerNeeds::in_order() const {
  std::map<std::string, std::vector<std::string>> ordered;
  for (const auto& [group, wanted] : needs_)
    for (const char* controller : {"cpuset", "cpu", "memory", "io", "pids"})
      if (wanted.contains(controller)) ordered[group].emplace_back(controller);
  return ordered;
}

}  // namespace ktstr
