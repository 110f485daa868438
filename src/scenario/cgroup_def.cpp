// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "ktstr/scenario.h"
#include "scenario/def_rules.h"

namespace ktstr {

namespace {

void require(const Status& status) {
  if (!status) throw std::invalid_argument(status.error().message());
}

}  // namespace

CgroupDef CgroupDef::named(std::string name) {
  require(check_cgroup_name(name));
  return CgroupDef(std::move(name));
}

CgroupDef& CgroupDef::workers(int count) {
  require(check_workers(count));
  work_.front().workers = count;
  return *this;
}

CgroupDef& CgroupDef::work_type(WorkType type) {
  work_.front().type = type;
  return *this;
}

CgroupDef& CgroupDef::nice(int value) {
  require(check_nice(value));
  work_.front().nice = value;
  return *this;
}

CgroupDef& CgroupDef::work(WorkSpec spec) {
  require(check_workers(spec.workers));
  require(check_nice(spec.nice));
  work_.push_back(spec);
  return *this;
}

CgroupDef& CgroupDef::cpuset(CpusetSpec spec) {
  cpuset_ = std::move(spec);
  return *this;
}

CgroupDef& CgroupDef::cpu_weight(int weight) {
  require(check_cpu_weight(weight));
  weight_ = weight;
  return *this;
}

int CgroupDef::worker_count() const {
  int count = 0;
  for (const WorkSpec& spec : work_) count += spec.workers;
  return count;
}

}  // namespace ktstr
