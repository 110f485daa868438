// SPDX-License-Identifier: Apache-2.0
//
// What a user's probes are put together from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <tuple>

#include "probe_page.h"
#include "trace/event_kinds.h"

namespace ktstr::probe_parts {

constexpr std::size_t kMostValues = std::tuple_size_v<decltype(trace::Probe::values)>;
constexpr std::uint8_t kOwnSteps = trace::Probe::kFirstValue;

inline control::Step constant(std::uint64_t number) {
  return {.source = control::Source::kAddress, .index = 0, .bytes = 0, .keep = 1, .narrow = 0, .address = number};
}
inline void add(control::Probe& probe, const control::Step& step) { probe.step[probe.steps++] = step; }

inline control::Step from_register(control::Register which, std::uint8_t bytes, std::uint8_t keep,
                                   std::uint32_t narrow) {
  return {.source = control::Source::kRegister,
          .index = static_cast<std::uint8_t>(which),
          .bytes = bytes,
          .keep = keep,
          .narrow = narrow,
          .address = 0};
}

// What begins each of a user's probes.
inline control::Probe numbered(std::uint64_t address, std::size_t number) {
  control::Probe probe{};
  probe.address = address;
  probe.kind = static_cast<std::uint32_t>(TraceKind::kProbe);
  add(probe, constant(number));
  return probe;
}

}  // namespace ktstr::probe_parts
