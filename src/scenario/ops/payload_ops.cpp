// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text/duration.h"
#include "scenario/ops/op_row.h"
#include "scenario/plan/rehearsed_world.h"
#include "scenario/world.h"

namespace ktstr {

template <>
op::RunPayload blank() {
  return {Payload::program("-", "-"), {}, {}};
}

namespace {

std::string in_cgroup(const std::optional<std::string>& cgroup) { return cgroup ? " in " + show_place(*cgroup) : ""; }

std::string about(const op::RunPayload& op) {
  return fmt::format("{} {}in {}", op.payload.name(),
                     op.args.empty() ? "" : fmt::format("{} ", fmt::join(op.args, " ")), show_place(op.cgroup));
}
void rehearse(const op::RunPayload& op, RehearsedWorld& world) {
  world.start_payload(op.payload, op.args, op.cgroup, "Op::run_payload");
}
Status apply(const op::RunPayload& op, World& world) {
  if (!op.cgroup.empty()) KTSTR_TRY(world.find(op.cgroup));
  return world.start_payload(op.payload, op.args, op.cgroup, "Op::run_payload");
}

std::string about(const op::WaitPayload& op) {
  return op.payload + in_cgroup(op.cgroup) + (op.timeout ? ", at most " + format_duration(*op.timeout) : "");
}
void rehearse(const op::WaitPayload& op, RehearsedWorld& world) {
  if (op.timeout && op.timeout->count() < 0)
    return world.mistake("a wait of {} is not valid; accepted: 0s and more, or no timeout",
                         format_duration(*op.timeout));
  world.end_payload(op.payload, op.cgroup, !op.timeout);
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
       .step = world.number()});
  return ok();
}

std::string about(const op::KillPayload& op) { return op.payload + in_cgroup(op.cgroup); }
void rehearse(const op::KillPayload& op, RehearsedWorld& world) { world.end_payload(op.payload, op.cgroup, true); }
Status apply(const op::KillPayload& op, World& world) {
  KTSTR_TRY_ASSIGN(const auto found, world.find_payload(op.payload, op.cgroup));
  return found.first->kill_payload(*found.second, PayloadKill::kAsked, world.findings());
}

}  // namespace

std::vector<OpRow> payload_ops() {
  return {
      op_row<op::RunPayload>("run_payload", "Starts a payload.",
                             {param<&op::RunPayload::payload>("payload", "the name of a [[payload]]"),
                              optional_param<&op::RunPayload::cgroup>("cgroup", "a cgroup's name; default: outside"),
                              optional_param<&op::RunPayload::args>("args", "texts, after the payload's own")},
                             {rehearse, apply, about}),
      op_row<op::WaitPayload>("wait_payload", "Waits for a payload's end, takes its metrics and checks them.",
                              {param<&op::WaitPayload::payload>("payload", "its name"),
                               optional_param<&op::WaitPayload::cgroup>("cgroup", "where it runs, if in several"),
                               optional_param<&op::WaitPayload::timeout>("timeout", "a time")},
                              {rehearse, apply, about}, OpEffect::kMakesRoom),
      op_row<op::KillPayload>("kill_payload", "Kills a payload; its metrics are taken all the same.",
                              {param<&op::KillPayload::payload>("payload", "its name"),
                               optional_param<&op::KillPayload::cgroup>("cgroup", "where it runs, if in several")},
                              {rehearse, apply, about}, OpEffect::kMakesRoom),
  };
}

}  // namespace ktstr
