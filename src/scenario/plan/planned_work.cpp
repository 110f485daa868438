// SPDX-License-Identifier: Apache-2.0
#include "scenario/plan/planned_work.h"

#include <algorithm>

#include "scenario/ops/op_table.h"
#include "workload/types/work_types.h"

namespace ktstr {

namespace {

void add_work(const Ctx& ctx, const PlannedStep& step, std::vector<WorkType>& all) {
  const auto add = [&](const PlannedCgroup& cgroup) {
    for (const WorkSpec& work : cgroup.work) all.push_back(work.type);
  };
  for (const PlannedCgroup& cgroup : step.cgroups) add(cgroup);
  for (const Op& op : step.ops) {
    for (const CgroupDef* def : values_of<CgroupDef>(op)) {
      std::vector<std::string> mistakes;
      add(plan_cgroup(*def, ctx, 0, mistakes));
    }
    for (const WorkSpec* work : values_of<WorkSpec>(op)) all.push_back(work->type);
  }
}

}  // namespace

std::vector<WorkType> planned_work(const Ctx& ctx, const ScenarioPlan& plan) {
  std::vector<WorkType> all;
  add_work(ctx, plan.backdrop, all);
  for (const PlannedStep& step : plan.steps) add_work(ctx, step, all);
  return all;
}

std::vector<std::string> needed_modules(const Ctx& ctx, const ScenarioPlan& plan) {
  std::vector<std::string> names;
  for (const WorkType& type : planned_work(ctx, plan))
    for (const std::string_view name : work_modules(type))
      if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
  return names;
}

Status make_machine_ready(const Ctx& ctx, const ScenarioPlan& plan) {
  for (const WorkType& type : planned_work(ctx, plan)) {
    if (ctx.on_host() && !work_modules(type).empty())
      return fail(ErrorCode::kUnsupported, "{} needs a guest: it loads modules of the kernel", name_of(type))
          .with_hint("run it without --host");
    KTSTR_TRY(make_ready_for(type).context(std::string(name_of(type))));
  }
  return ok();
}

}  // namespace ktstr
