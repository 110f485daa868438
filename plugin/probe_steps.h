// SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0
//
// The steps of a probe, worked out over a guest's memory: by the plugin where a probe's instruction comes up, and by
// the host over a guest that stands still.
#pragma once

#include <cstddef>
#include <cstdint>

#include "guest_space.h"
#include "probe_page.h"

namespace ktstr::control {

struct StepValues {
  std::uint64_t value[kMostSteps];
  std::uint32_t count = 0;
  std::uint32_t unreadable = 0;  // bit i: value i could not be read, and is 0
};

// `registers`: kRegisters numbers.
inline void work_out(const Probe& probe, const GuestSpace& space, const std::uint64_t* registers, StepValues& values) {
  std::uint64_t results[kMostSteps];
  bool known[kMostSteps];
  values.count = values.unreadable = 0;
  const std::uint32_t steps = probe.steps < kMostSteps ? probe.steps : static_cast<std::uint32_t>(kMostSteps);
  for (std::uint32_t i = 0; i < steps; ++i) {
    const Step& step = probe.step[i];
    std::uint64_t base = 0;
    known[i] = true;
    if (step.source == Source::kRegister) base = registers[step.index % kRegisters];
    if (step.source == Source::kEarlier) {
      known[i] = step.index < i && known[step.index];
      if (known[i]) base = results[step.index];
    }
    results[i] = base + step.address;
    if (known[i] && step.bytes != 0) {
      const auto loaded = space.load(results[i], step.bytes);
      known[i] = loaded.has_value();
      results[i] = loaded.value_or(0);
    }
    results[i] = known[i] ? narrowed(results[i], step.narrow) : 0;
    if (step.keep == 0) continue;
    if (!known[i]) values.unreadable |= 1U << values.count;
    values.value[values.count++] = results[i];
  }
}

}  // namespace ktstr::control
