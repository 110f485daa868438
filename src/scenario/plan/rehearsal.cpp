// SPDX-License-Identifier: Apache-2.0
#include "scenario/plan/rehearsal.h"

#include "scenario/ops/op_table.h"
#include "scenario/plan/rehearsed_world.h"

namespace ktstr {

namespace {

void set_up(const PlannedStep& step, RehearsedWorld& world) {
  for (std::size_t i = 0; i < step.cgroups.size(); ++i) {
    world.go_to({world.number(), Place::Part::kCgroup, static_cast<int>(i)});
    world.add_group(step.cgroups[i]);
  }
}

void do_ops(const PlannedStep& step, RehearsedWorld& world, const char* round = "") {
  for (std::size_t i = 0; i < step.ops.size(); ++i) {
    world.go_to({world.number(), Place::Part::kOp, static_cast<int>(i)}, fmt::format("{}: ", step.ops[i].name()),
                round);
    row_of(step.ops[i]).rehearse(step.ops[i], world);
  }
}

void set_up_backdrop(const ScenarioPlan& plan, RehearsedWorld& world) {
  set_up(plan.backdrop, world);
  do_ops(plan.backdrop, world);
  for (std::size_t i = 0; i < plan.backdrop_payloads.size(); ++i) {
    world.go_to({0, Place::Part::kPayload, static_cast<int>(i)});
    world.start_payload(plan.backdrop_payloads[i], {}, "", "Backdrop::payloads");
  }
}

void go_through(const PlannedStep& step, RehearsedWorld& world) {
  if (step.interval) {
    set_up(step, world);
    do_ops(step, world);
    do_ops(step, world, " (in the loop's second round, which meets what the first one left)");
    return;
  }
  std::set<std::string> later;
  for (const PlannedCgroup& cgroup : step.cgroups) later.insert(cgroup.name);
  world.expect_later(std::move(later));
  do_ops(step, world);
  world.expect_later({});
  set_up(step, world);
}

}  // namespace

std::vector<PlanMistake> rehearse(const Ctx& ctx, const ScenarioPlan& plan) {
  RehearsedWorld world(ctx);
  set_up_backdrop(plan, world);
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    world.begin_step(static_cast<int>(i) + 1);
    go_through(plan.steps[i], world);
    world.end_step();
  }
  return world.take_mistakes();
}

}  // namespace ktstr
