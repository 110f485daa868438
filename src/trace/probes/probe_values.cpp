// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/probe_values.h"

#include "trace/probes/probe_parts.h"

namespace ktstr {

namespace {

using namespace probe_parts;

Status add_value(const Btf& btf, BtfTypeId function, std::string_view expression, ParametersIn where,
                 ProbeValues& values) {
  KTSTR_TRY_ASSIGN(const CompiledValue value, compile_value(btf, function, expression, values.steps, where));
  for (std::uint32_t i = 0; i < value.words; ++i, ++values.count) {
    if (values.count >= kMostValues) continue;
    if (value.is_text) values.text |= (i == 0 ? 1U : 1U | trace::Probe::kContinued) << values.count;
    if (value.is_signed) values.text |= trace::Probe::kSigned << values.count;
  }
  return ok();
}

bool fits(const ProbeValues& values, std::size_t most) {
  return values.count <= most && values.steps.steps + kOwnSteps + kMostValues <= control::kMostSteps;
}

}  // namespace

Result<ProbeValues> compile_values(const Btf& btf, BtfTypeId function, const std::vector<std::string>& expressions,
                                   std::size_t most, ParametersIn where) {
  ProbeValues values;
  for (const std::string& expression : expressions) KTSTR_TRY(add_value(btf, function, expression, where, values));
  if (fits(values, most)) return values;
  return fail(ErrorCode::kUnsupported, "it takes {} values; there is room for {} (8 characters are one)", values.count,
              most);
}

ProbeValues compile_parameters(const Btf& btf, BtfTypeId function, std::size_t most, ParametersIn where,
                               std::vector<ProbeParameter>& shown) {
  ProbeValues values;
  std::vector<ProbeParameter> kept;
  for (ProbeParameter& one : shown_parameters(btf, function)) {
    ProbeValues with = values;
    if (!add_value(btf, function, one.expression, where, with) || !fits(with, most)) continue;
    values = with;
    kept.push_back(std::move(one));
  }
  shown = std::move(kept);
  return values;
}

void put_values(const ProbeValues& values, std::uint32_t flags, std::size_t most, control::Probe& probe) {
  add(probe, constant(values.count));
  add(probe, constant(values.text | flags));
  // These steps name earlier ones by their place.
  for (std::uint32_t i = 0; i < values.steps.steps; ++i) {
    control::Step step = values.steps.step[i];
    if (step.source == control::Source::kEarlier) step.index = static_cast<std::uint8_t>(step.index + kOwnSteps);
    add(probe, step);
  }
  for (std::size_t i = values.count; i < most; ++i) add(probe, constant(0));
}

}  // namespace ktstr
