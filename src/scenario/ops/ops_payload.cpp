// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text/duration.h"
#include "scenario/ops/ops.h"

namespace ktstr {

Status apply(const op::RunPayload& op, World& world) {
  if (!op.cgroup.empty()) KTSTR_TRY(world.find(op.cgroup));
  return world.start_payload(op.payload, op.args, op.cgroup, "Op::run_payload");
}

// A payload that does not end within its time is a finding, not a step that failed: it stays until it is killed.
Status apply(const op::WaitPayload& op, World& world) {
  KTSTR_TRY_ASSIGN(const auto found, world.find_payload(op.payload, op.cgroup));
  const auto& [scope, payload] = found;
  const Nanoseconds left = std::max(world.end() - world.hooks().now(), Nanoseconds(0));
  const Nanoseconds at_most = std::min(op.timeout.value_or(left), left);
  KTSTR_TRY_ASSIGN(const auto report, payload->running->wait(at_most));
  if (report) {
    scope->finish_payload(*payload, *report, PayloadKill::kAsked, world.findings());
    return ok();
  }
  payload->end_reported = true;
  // Its own limit is what the scenario asks for; that the scenario is over says nothing about it.
  const bool timed_out = op.timeout && *op.timeout <= left;
  world.findings().result.details.push_back(
      {.verdict = timed_out ? Verdict::kFail : Verdict::kInconclusive,
       .kind = DetailKind::kPayload,
       .message = timed_out
                      ? fmt::format("payload '{}' did not end within {}", op.payload, format_duration(at_most))
                      : fmt::format("payload '{}' still ran when the scenario's {} were over; give it less to do, "
                                    "or the scenario a longer duration",
                                    op.payload, format_duration(world.ctx().duration())),
       .cgroup = payload->cgroup,
       .phase = world.number()});
  return ok();
}

Status apply(const op::KillPayload& op, World& world) {
  KTSTR_TRY_ASSIGN(const auto found, world.find_payload(op.payload, op.cgroup));
  return found.first->kill_payload(*found.second, PayloadKill::kAsked, world.findings());
}

}  // namespace ktstr
