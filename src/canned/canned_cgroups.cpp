// SPDX-License-Identifier: Apache-2.0
//
// Canned scenarios in which cgroups come, go and stand still.
#include "canned/canned_parts.h"
#include "ktstr/scenarios.h"

namespace ktstr::scenarios {

namespace {

Backdrop two_groups() { return {.cgroups = {plain_load("cg_0"), plain_load("cg_1")}}; }

// What plain_load() has, for a cgroup that is there already.
Op spawn_load(const Ctx& ctx, const char* cgroup) {
  return Op::spawn_workers(
      cgroup, {.workers = ctx.workers_per_cgroup(), .type = ctx.work_type_override().value_or(SpinWait{})});
}

}  // namespace

// One of the new cgroups is there before its workers are, the other comes with them.
Result<AssertResult> cgroup_add(Ctx& ctx) {
  return execute_scenario(ctx, two_groups(),
                          {phase(0.5), phase(0.5, {Op::add_cgroup("cg_2"), spawn_load(ctx, "cg_2"),
                                                   Op::add_cgroup_def(plain_load("cg_3"))})});
}

// What the first step has set up is removed at its end.
Result<AssertResult> cgroup_remove(Ctx& ctx) {
  const Step all_four{.setup = {plain_load("cg_2"), plain_load("cg_3")}, .hold = HoldSpec::fraction(0.5)};
  return execute_scenario(ctx, two_groups(), {all_four, phase(0.5)});
}

// Workers that have lived in different cgroups end up in one; only those of the same are compared.
Result<AssertResult> nested_task_move(Ctx& ctx) {
  const Backdrop backdrop{.cgroups = {CgroupDef::named("left").no_workers().cpu_weight(100),
                                      CgroupDef::named("right").no_workers().cpu_weight(100),
                                      plain_load("left/inner").cpu_weight(100),
                                      plain_load("right/inner").cpu_weight(100)}};
  return execute_scenario(ctx, backdrop,
                          {phase(0.3), phase(0.35, {Op::move_all_tasks("left/inner", "right/inner")}),
                           phase(0.35, {Op::move_all_tasks("right/inner", "left/inner")})});
}

Result<AssertResult> freeze_thaw(Ctx& ctx) {
  return execute_scenario(
      ctx, two_groups(),
      {phase(0.2), phase(0.2, {Op::freeze_cgroup("cg_0")}), phase(0.2, {Op::unfreeze_cgroup("cg_0")}),
       phase(0.2, {Op::freeze_cgroup("cg_1")}), phase(0.2, {Op::unfreeze_cgroup("cg_1")})});
}

Result<AssertResult> cgroup_kill(Ctx& ctx) {
  return execute_scenario(ctx, two_groups(),
                          {phase(0.3), phase(0.35, {Op::kill_cgroup("cg_1")}), phase(0.35, {spawn_load(ctx, "cg_1")})});
}

}  // namespace ktstr::scenarios
