// SPDX-License-Identifier: Apache-2.0
#include "scenario/plan/fingerprint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/splitmix.h"
#include "base/text/duration.h"
#include "model/names.h"
#include "scenario/ops/op_table.h"
#include "scenario/plan/worker_attributes.h"

namespace ktstr {

namespace {

std::string text_of(const WorkSpec& spec) {
  std::string text = fmt::format("{} x {}", spec.workers, describe(spec.type)), where_set;
  for (const WorkerAttribute& row : worker_attributes()) {
    const auto value = row.value(spec);
    if (row.shown == InFingerprint::kAlways)
      text += fmt::format("{}{} {}", row.name.empty() ? "" : " ", row.name, value.value_or("-"));
    else if (value)
      where_set += fmt::format("{} {};", row.name, *value);
  }
  return text + ";" + where_set;
}

std::string text_of(const Payload& payload) {
  std::string text =
      fmt::format("payload {} {} {};", payload.name(), payload.program_name(), fmt::join(payload.default_args(), " "));
  for (const PayloadCheck& check : payload.checks()) text += check.describe() + ";";
  // Only where it is said: what was stored before these were there has the same fingerprint.
  for (const PayloadMetric& each : payload.metrics())
    text += fmt::format("metric {} {} {} {};", each.name, each.path, to_string(each.polarity), each.unit);
  if (payload.output_kind() != Payload::Output::kExitCode) text += "json;";
  if (payload.flags()) text += fmt::format("flags {};", fmt::join(*payload.flags(), " "));
  if (!payload.files().empty()) text += fmt::format("files {};", fmt::join(payload.files(), " "));
  if (payload.most_file_bytes() != Payload::kDefaultFileLimit)
    text += fmt::format("files up to {};", payload.most_file_bytes());
  return text;
}

std::string text_of(const PlannedCgroup& cgroup) {
  std::string text = fmt::format("cgroup {} cpus {};", cgroup.name, cgroup.cpuset ? cgroup.cpuset->to_string() : "-");
  for (const KnobSetting& setting : cgroup.knobs) text += fmt::format("{}={};", file_of(setting.knob), setting.value);
  for (const WorkSpec& spec : cgroup.work) text += text_of(spec);
  if (cgroup.payload) text += text_of(*cgroup.payload);
  return text;
}

std::string text_of(const Ctx& ctx, const Op& op) {
  std::string text = op.describe() + ";";
  for (const WorkSpec* work : values_of<WorkSpec>(op)) text += text_of(*work);
  for (const Payload* payload : values_of<Payload>(op)) text += text_of(*payload);
  for (const CgroupDef* def : values_of<CgroupDef>(op)) {
    std::vector<std::string> mistakes;
    text += text_of(plan_cgroup(*def, ctx, 0, mistakes));
  }
  return text;
}

std::string text_of(const Ctx& ctx, const PlannedStep& step) {
  std::string text = fmt::format("step {} holds {} every {}:", step.name, format_duration(step.hold),
                                 step.interval ? format_duration(*step.interval) : "-");
  for (const PlannedCgroup& cgroup : step.cgroups) text += text_of(cgroup);
  for (const Op& op : step.ops) text += text_of(ctx, op);
  return text;
}

}  // namespace

std::string fingerprint(const Ctx& ctx, const ScenarioPlan& plan) {
  std::string text = text_of(ctx, plan.backdrop);
  for (const Payload& payload : plan.backdrop_payloads) text += text_of(payload);
  for (const PlannedStep& step : plan.steps) text += text_of(ctx, step);
  return fmt::format("{:016x}", splitmix64(name_hash(text)));
}

}  // namespace ktstr
