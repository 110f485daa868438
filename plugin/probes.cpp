// SPDX-License-Identifier: GPL-2.0-or-later
#include "probes.h"

#include <algorithm>

#include "probe_steps.h"

namespace ktstr::control {

Probes::Probes(ProbePage& page, std::uint64_t* ring, void (*wait)())
    : page_(page),
      ring_(ring),
      words_(page.ring_words),
      count_(std::min<std::uint32_t>(page.probes, kMostProbes)),
      wait_(wait) {}

const Probe* Probes::find(std::uint64_t first, std::uint64_t last) const {
  const Probe* const all = page_.probe;
  const Probe* const found = std::lower_bound(
      all, end(), first, [](const Probe& probe, std::uint64_t address) { return probe.address < address; });
  return found != end() && found->address <= last ? found : nullptr;
}

std::uint32_t Probes::registers_of(const Probe& probe) {
  std::uint32_t used = 0;
  for (std::uint32_t i = 0; i < std::min<std::uint32_t>(probe.steps, kMostSteps); ++i)
    if (probe.step[i].source == Source::kRegister) used |= 1U << (probe.step[i].index % kRegisters);
  return used;
}

void Probes::take(const Probe& probe, std::uint32_t vcpu, std::uint64_t time_ns, const std::uint64_t* registers) {
  StepValues seen;
  work_out(probe, space_, registers, seen);
  std::uint64_t event[kLongestEvent] = {time_ns, event_head(probe.kind, vcpu, seen.count, seen.unreadable)};
  std::copy_n(seen.value, seen.count, event + 2);
  put(event, 2 + seen.count);
}

void Probes::put(const std::uint64_t* words, std::size_t count) {
  const std::uint64_t at = page_.written;
  if (at + count - __atomic_load_n(&page_.read, __ATOMIC_ACQUIRE) > words_) {
    __atomic_store_n(&page_.waits, page_.waits + 1, __ATOMIC_RELAXED);
    while (at + count - __atomic_load_n(&page_.read, __ATOMIC_ACQUIRE) > words_) {
      if (!active()) return;
      wait_();
    }
  }
  for (std::size_t i = 0; i < count; ++i) ring_[(at + i) & (words_ - 1)] = words[i];
  __atomic_store_n(&page_.written, at + count, __ATOMIC_RELEASE);
}

}  // namespace ktstr::control
