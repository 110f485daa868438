// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/probe_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>

#include "ktstr/topology.h"
#include "probe_page.h"
#include "trace/probes/parameters.h"
#include "trace/story/explain.h"

namespace ktstr {

namespace {

constexpr std::size_t kMostNames = 512, kMostEnums = 64, kMostOfEnum = 256;

std::string number_text(std::uint64_t value, bool is_signed) {
  if (is_signed && static_cast<std::int64_t>(value) < 0) return fmt::format("{}", static_cast<std::int64_t>(value));
  return value > UINT32_MAX ? fmt::format("{:#x}", value) : fmt::format("{}", value);
}

std::string cpus_text(std::uint64_t mask) {
  CpuSet cpus;
  for (Cpu cpu = 0; cpu < 64; ++cpu)
    if ((mask >> cpu & 1) != 0) cpus.add(cpu);
  return cpus.size() == 0 ? "none" : cpus.to_string();
}

std::string end_text(const trace::Probe& probe, const std::vector<std::string>& values) {
  if (probe.left_to() == control::kSomewhere) return "? (goes on elsewhere)";
  if (probe.left_to() != 0) return fmt::format("? (goes on at {:#x})", probe.left_to());
  return values.empty() ? "void" : fmt::format("{}", fmt::join(values, ", "));
}

std::size_t common_prefix(std::string_view a, std::string_view b) {
  const auto differs = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  return static_cast<std::size_t>(differs - a.begin());
}

}  // namespace

const ProbeNames::Placed* ProbeNames::placed(std::uint32_t number) const {
  return number < placed_.size() && !placed_[number].name.empty() ? &placed_[number] : nullptr;
}

void ProbeNames::follow(const TraceEvent& event) {
  if (event.kind == TraceKind::kNamedValue) {
    const auto named = event_as<trace::NamedValue>(event);
    const std::string type = named.type.str(), name = named.name.str();
    if (name.starts_with('_') || (!enums_.contains(type) && enums_.size() >= kMostEnums)) return;  // masks
    Enum& of = enums_[type];
    if (of.names.size() >= kMostOfEnum) return;
    of.prefix =
        of.names.empty() ? name.rfind('_') + 1 : std::min(of.prefix, common_prefix(of.names.front().second, name));
    while (of.prefix > 0 && name[of.prefix - 1] != '_') --of.prefix;
    of.names.emplace_back(named.value, name);
    return;
  }
  if (event.kind != TraceKind::kProbePlaced) return;
  const auto placed = event_as<trace::ProbePlaced>(event);
  if (placed.number >= kMostNames) return;
  if (placed_.size() <= placed.number) placed_.resize(placed.number + 1);
  const std::string what = placed.what.str();
  Placed& into = placed_[placed.number];
  into = {.name = what.substr(0, std::min(what.find('('), what.find(" -> "))), .parameters = {}};
  if (what.find(" -> ") != std::string::npos) with_ends_.insert(into.name);
  const std::size_t open = what.find('(');
  if (open == std::string::npos || !what.ends_with(')')) return;
  std::string_view list = std::string_view(what).substr(open + 1, what.size() - open - 2);
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(", "));
    list.remove_prefix(std::min(list.size(), one.size() + 2));
    const std::size_t colon = one.find(':');
    // A user's own expressions have none, or begin with a register.
    if (colon == one.npos || one.starts_with('$')) return into.parameters.clear();
    into.parameters.push_back({std::string(one.substr(0, colon)), std::string(one.substr(colon + 1))});
  }
}

std::string ProbeNames::value_text(const std::string& type, std::uint64_t value) const {
  const auto found = enums_.find(type);
  if (found == enums_.end()) return number_text(value, false);
  const Enum& of = found->second;
  for (const auto& [number, name] : of.names)
    if (number == value) return name.substr(of.prefix);
  if (value == 0) return "0";
  std::string text;
  for (const auto& [number, name] : of.names) {
    if (!std::has_single_bit(number) || (value & number) == 0) continue;
    text += (text.empty() ? "" : "|") + name.substr(of.prefix);
    value &= ~number;
  }
  if (value != 0) text += fmt::format("{}{:#x}", text.empty() ? "" : "|", value);
  return text;
}

std::vector<std::string> ProbeNames::values_of(const TraceEvent& event, const trace::Probe& probe,
                                               const TaskName& task) const {
  const std::size_t count = std::min<std::size_t>(probe.count, probe.values.size());
  const Placed* const known = placed(probe.number);
  std::vector<std::string> values;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t value = probe.values[i];
    if ((probe.text >> i & trace::Probe::kContinued) != 0 && !values.empty()) {
      values.back() += TraceText<1>{{value}}.str();
      continue;
    }
    // Each parameter is one value, but for texts of more than 8 characters, which users alone take.
    const Parameter* parameter = nullptr;
    if (known != nullptr && !probe.ends() && values.size() < known->parameters.size())
      parameter = &known->parameters[values.size()];
    const std::string_view format = parameter == nullptr ? value_format::kNumber : parameter->format;
    std::string text;
    if ((event.unreadable >> (i + trace::Probe::kFirstValue) & 1) != 0)
      text = format == value_format::kPid && parameter != nullptr ? "none" : "?";  // a null pointer
    else if ((probe.text >> i & 1) != 0)
      text = TraceText<1>{{value}}.str();
    else if (format == value_format::kPid && task)
      text = task(static_cast<std::int32_t>(value));
    else if (format == value_format::kCpus)
      text = cpus_text(value);
    else if (format == value_format::kQueue)
      text = dsq_text(value, event.cpu);
    else if (enums_.contains(format))
      text = value_text(std::string(format), value);
    else
      text = number_text(value, (probe.text >> i & trace::Probe::kSigned) != 0);
    values.push_back(parameter == nullptr ? text : parameter->name + " " + text);
  }
  return values;
}

std::string ProbeNames::name(std::uint32_t number) const {
  const Placed* const known = placed(number);
  return known != nullptr ? known->name : fmt::format("probe {}", number);
}

std::optional<std::int32_t> ProbeNames::task_of(const TraceEvent& event) const {
  if (event.kind != TraceKind::kProbe) return std::nullopt;
  const auto probe = event_as<trace::Probe>(event);
  const Placed* const known = placed(probe.number);
  if (known == nullptr || probe.ends()) return std::nullopt;
  for (std::size_t i = 0; i < known->parameters.size() && i < probe.count && i < probe.values.size(); ++i)
    if (known->parameters[i].format == value_format::kPid) return static_cast<std::int32_t>(probe.values[i]);
  return std::nullopt;
}

std::string ProbeNames::text(const TraceEvent& event, const TaskName& task) const {
  const auto probe = event_as<trace::Probe>(event);
  const std::vector<std::string> values = values_of(event, probe, task);
  if (probe.ends()) return fmt::format("{} -> {}", name(probe.number), end_text(probe, values));
  return fmt::format("{}({})", name(probe.number), fmt::join(values, ", "));
}

}  // namespace ktstr
