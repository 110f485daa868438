// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/probe_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "probe_page.h"

namespace ktstr {

namespace {

constexpr std::size_t kMostNames = 512;

std::string number_text(std::uint64_t value, bool is_signed) {
  if (is_signed && static_cast<std::int64_t>(value) < 0) return fmt::format("{}", static_cast<std::int64_t>(value));
  return value > UINT32_MAX ? fmt::format("{:#x}", value) : fmt::format("{}", value);
}

std::vector<std::string> values_of(const TraceEvent& event, const trace::Probe& probe) {
  const std::size_t count = std::min<std::size_t>(probe.count, probe.values.size());
  std::vector<std::string> values;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t value = probe.values[i];
    if ((event.unreadable >> (i + trace::Probe::kFirstValue) & 1) != 0)
      values.emplace_back("?");
    else if ((probe.text >> i & trace::Probe::kContinued) != 0 && !values.empty())
      values.back() += TraceText<1>{{value}}.str();
    else if ((probe.text >> i & 1) != 0)
      values.push_back(TraceText<1>{{value}}.str());
    else
      values.push_back(number_text(value, (probe.text >> i & trace::Probe::kSigned) != 0));
  }
  return values;
}

std::string end_text(const trace::Probe& probe, const std::vector<std::string>& values) {
  if (probe.left_to() == control::kSomewhere) return "? (goes on elsewhere)";
  if (probe.left_to() != 0) return fmt::format("? (goes on at {:#x})", probe.left_to());
  return values.empty() ? "void" : fmt::format("{}", fmt::join(values, ", "));
}

}  // namespace

void ProbeNames::follow(const TraceEvent& event) {
  if (event.kind != TraceKind::kProbePlaced) return;
  const auto placed = event_as<trace::ProbePlaced>(event);
  if (placed.number >= kMostNames) return;
  if (names_.size() <= placed.number) names_.resize(placed.number + 1);
  const std::string what = placed.what.str();
  names_[placed.number] = what.substr(0, std::min(what.find('('), what.find(" -> ")));
}

std::string ProbeNames::name(std::uint32_t number) const {
  if (number < names_.size() && !names_[number].empty()) return names_[number];
  return fmt::format("probe {}", number);
}

std::string ProbeNames::text(const TraceEvent& event) const {
  const auto probe = event_as<trace::Probe>(event);
  const std::vector<std::string> values = values_of(event, probe);
  if (probe.ends()) return fmt::format("{} -> {}", name(probe.number), end_text(probe, values));
  return fmt::format("{}({})", name(probe.number), fmt::join(values, ", "));
}

}  // namespace ktstr
