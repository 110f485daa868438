// SPDX-License-Identifier: Apache-2.0
#include "trace/tracefs/probe_events.h"

#include <fmt/format.h>

#include <array>
#include <set>

namespace ktstr {

namespace {

using control::Source;
using control::Step;

constexpr std::string_view kGroup = "ktstr/";
constexpr std::size_t kLongestArgument = 63;  // MAX_ARGSTR_LEN, kernel/trace/trace_probe.h
constexpr std::array<std::string_view, control::kRegisters> kRegisters = {"%di", "%si", "%dx", "%cx",
                                                                          "%r8", "%r9", "%ax", "%sp"};

// Where a step's number comes from: something that can be written down, and what is still to be added to it.
struct Place {
  std::string text;  // "" for nothing
  std::uint64_t offset = 0;
  std::uint8_t bytes = 0;            // that were loaded; 0: none
  std::optional<std::uint8_t> base;  // the register that it begins with, where something is loaded
};

std::optional<Place> place_of(const control::Probe& probe, std::size_t at) {
  const Step& step = probe.step[at];
  Place place;
  if (step.source == Source::kRegister) {
    if (step.index >= kRegisters.size()) return {};
    place.text = kRegisters[step.index];
  } else if (step.source == Source::kEarlier) {
    if (step.index >= at) return {};
    const auto earlier = place_of(probe, step.index);
    // What is looked through is a pointer.
    if (!earlier || (earlier->bytes != 0 && earlier->bytes != 8)) return {};
    place = *earlier;
  }
  place.offset += step.address;
  place.bytes = step.bytes;
  if (step.bytes == 0) return place;
  if (step.source == Source::kRegister) place.base = step.index;
  if (place.text.empty())
    place.text = fmt::format("@{:#x}", place.offset);
  else
    place.text = fmt::format("{:+}({})", static_cast<std::int64_t>(place.offset), place.text);
  place.offset = 0;
  return place;
}

std::optional<std::string> argument(const std::optional<Place>& place) {
  if (!place) return {};
  if (place->text.empty()) return fmt::format("\\{}", place->offset);
  if (place->offset != 0) return {};
  return fmt::format("{}:u{}", place->text, place->bytes == 0 ? 64 : place->bytes * 8);
}

std::optional<std::string> line_of(const control::Probe& probe, std::size_t number) {
  const TraceKind kind{static_cast<std::uint16_t>(probe.kind)};
  std::string line = fmt::format("p:{}{}_{} {:#x}", kGroup, to_string(kind), number, probe.address);
  std::set<std::uint8_t> bases;
  std::size_t values = 0;
  for (std::size_t at = 0; at < probe.steps && at < control::kMostSteps; ++at) {
    if (probe.step[at].keep == 0) continue;
    const auto place = place_of(probe, at);
    const auto one = argument(place);
    if (!one) return {};
    if (place->base) bases.insert(*place->base);
    const std::string named = fmt::format("v{}={}", values++, *one);
    if (named.size() > kLongestArgument) return {};
    line += " " + named;
  }
  // Through a pointer that is null the kernel reads nothing, and leaves what was in its ring before.
  for (const std::uint8_t base : bases) line += fmt::format(" b{}={}:u64", base, kRegisters[base]);
  return line;
}

}  // namespace

bool has_probe_event(TraceKind kind) {
  using enum TraceKind;
  switch (kind) {
    case kCgroupMove:  // there is cgroup_attach_task, which does not show who is born into a cgroup
    case kAffinity:
    case kPolicy:
    case kNice:
    case kFreeze:
    case kThaw:
    case kThrottle:
    case kUnthrottle:
    case kCpuOnline:
    case kCpuOffline:
    case kDsqInsert:
    case kDsqInsertVtime:
    case kDsqMove:
    case kDsqMoveToLocal:
    case kKick:
    case kSchedulerExit:
      return true;
    default:
      return false;
  }
}

std::vector<std::string> probe_events(const KernelProbes& kernel) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < kernel.probes.size(); ++i) {
    if (!has_probe_event(TraceKind{static_cast<std::uint16_t>(kernel.probes[i].kind)})) continue;
    if (auto line = line_of(kernel.probes[i], i)) lines.push_back(*std::move(line));
  }
  return lines;
}

std::optional<TraceKind> kind_of_probe_event(std::string_view event) {
  if (!event.starts_with(kGroup)) return {};
  event.remove_prefix(kGroup.size());
  const auto kind = enum_from<TraceKind>(event.substr(0, event.rfind('_')));
  return kind && has_probe_event(*kind) ? kind : std::nullopt;
}

}  // namespace ktstr
