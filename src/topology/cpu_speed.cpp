// SPDX-License-Identifier: Apache-2.0
#include "ktstr/cpu_speed.h"

#include <fmt/format.h>

#include <charconv>

namespace ktstr {

Status check_cpu_speed(const CpuSpeed& speed, int cpus) {
  if (speed.percent < kLeastCpuSpeed || speed.percent > kFullCpuSpeed)
    return fail(ErrorCode::kInvalidArgument, "a speed of {}% is not valid; accepted: {}% to {}%", speed.percent,
                kLeastCpuSpeed, kFullCpuSpeed);
  if (speed.cpus.empty()) return fail(ErrorCode::kInvalidArgument, "a speed of {}% of no CPU", speed.percent);
  if (*speed.cpus.rbegin() >= cpus || speed.cpus.first() < 0)
    return fail(ErrorCode::kInvalidArgument, "a speed for CPUs {}: the machine has {} CPUs (0-{})",
                speed.cpus.to_string(), cpus, cpus - 1);
  return ok();
}

Result<int> parse_cpu_speed(std::string_view text) {
  int percent = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), percent);
  if (parsed.ec == std::errc() &&
      std::string_view(parsed.ptr, static_cast<std::size_t>(text.data() + text.size() - parsed.ptr)) == "%" &&
      percent >= kLeastCpuSpeed && percent <= kFullCpuSpeed)
    return percent;
  return fail(ErrorCode::kInvalidArgument, "a speed of '{}' is not valid; accepted: \"{}%\" to \"{}%\"", text,
              kLeastCpuSpeed, kFullCpuSpeed);
}

std::string to_string(const std::vector<CpuSpeed>& speeds) {
  std::string text;
  for (const CpuSpeed& speed : speeds)
    text += fmt::format("{}{}={}%", text.empty() ? "" : ";", speed.cpus.to_string(), speed.percent);
  return text;
}

Result<std::vector<CpuSpeed>> cpu_speeds_from(std::string_view text) {
  std::vector<CpuSpeed> speeds;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(';'));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos) return fail(ErrorCode::kInvalidArgument, "'{}' is not a speed of CPUs", one);
    KTSTR_TRY_ASSIGN(CpuSet cpus, CpuSet::parse(one.substr(0, equals)));
    KTSTR_TRY_ASSIGN(const int percent, parse_cpu_speed(one.substr(equals + 1)));
    speeds.push_back({std::move(cpus), percent});
  }
  return speeds;
}

}  // namespace ktstr
