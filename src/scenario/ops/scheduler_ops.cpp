// SPDX-License-Identifier: Apache-2.0
#include "scenario/ops/op_row.h"
#include "scenario/plan/rehearsed_world.h"
#include "scenario/scheduler_control.h"
#include "scenario/world.h"

namespace ktstr {

namespace {

constexpr std::string_view kUnderTest = "(the one under test)";

// Attached beside another one it is refused by the kernel, which is worth a test.
std::string about(const op::AttachScheduler& op) {
  return op.scheduler.empty() ? std::string(kUnderTest) : op.scheduler;
}
void rehearse(const op::AttachScheduler&, RehearsedWorld& world) { world.attach_scheduler(); }
Status apply(const op::AttachScheduler& op, World& world) {
  return world.change_scheduler({.start = true, .name = op.scheduler});
}

void rehearse(const op::DetachScheduler&, RehearsedWorld& world) { world.detach_scheduler(); }
Status apply(const op::DetachScheduler&, World& world) { return world.change_scheduler({.end = true}); }

void rehearse(const op::RestartScheduler&, RehearsedWorld& world) {
  world.detach_scheduler();
  world.attach_scheduler();
}
Status apply(const op::RestartScheduler&, World& world) {
  return world.change_scheduler({.end = true, .start = true, .again = true});
}

void rehearse(const op::ReplaceScheduler& op, RehearsedWorld& world) {
  if (op.scheduler.empty()) world.mistake("it names no scheduler that takes over; accepted: \"PROGRAM ARGS\"");
  world.detach_scheduler();
  world.attach_scheduler();
}
Status apply(const op::ReplaceScheduler& op, World& world) {
  return world.change_scheduler({.end = true, .start = true, .name = op.scheduler});
}

constexpr Form<std::string> kCommand{"a text like \"PROGRAM ARGS\""};

}  // namespace

std::vector<OpRow> scheduler_ops() {
  return {
      op_row<op::AttachScheduler>(
          "attach_scheduler", "Starts a scheduler and waits until it is enabled.",
          {optional_param<&op::AttachScheduler::scheduler>(
              "scheduler", "a text like \"PROGRAM ARGS\"; default: the one under test, which is not attached before")},
          {rehearse, apply, about}),
      op_row<op::DetachScheduler>("detach_scheduler",
                                  "Ends the scheduler and waits until the kernel's own has taken over.", {},
                                  {rehearse, apply}),
      op_row<op::RestartScheduler>("restart_scheduler", "Ends the scheduler and starts it anew, as an upgrade does.",
                                   {}, {rehearse, apply}),
      op_row<op::ReplaceScheduler>("replace_scheduler", "Ends the scheduler and starts another one.",
                                   {param<&op::ReplaceScheduler::scheduler>("scheduler", kCommand)}, {rehearse, apply}),
  };
}

}  // namespace ktstr
