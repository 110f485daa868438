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

namespace {

const Probe* from(const Probe* begin, const Probe* end, std::uint64_t address) {
  return std::lower_bound(begin, end, address,
                          [](const Probe& probe, std::uint64_t wanted) { return probe.address < wanted; });
}

}  // namespace

const Probe* Probes::find(std::uint64_t first, std::uint64_t last) const {
  const Probe* const found = from(page_.probe, end(), first);
  return found != end() && found->address <= last ? found : nullptr;
}

std::pair<const Probe*, const Probe*> Probes::find_late(std::uint64_t address) const {
  const Probe* const end = page_.late + std::min<std::uint32_t>(page_.late_probes, kMostLateProbes);
  const Probe* const first = from(page_.late, end, address);
  const Probe* last = first;
  while (last != end && last->address == address) ++last;
  if (first == last) return {nullptr, nullptr};
  return {first, last};
}

const WatchedCode* Probes::watched_at(std::uint64_t address) const {
  const WatchedCode* const begin = page_.watch.code;
  const WatchedCode* const end = begin + std::min<std::uint32_t>(page_.watch.pieces, kMostWatched);
  const WatchedCode* const after = std::upper_bound(
      begin, end, address, [](std::uint64_t wanted, const WatchedCode& code) { return wanted < code.first; });
  return after != begin && address < (after - 1)->last ? after - 1 : nullptr;
}

bool Probes::is_inside(const ExitProbe& from, std::uint64_t address) const {
  bool found = false;
  each_exit(address, [&](const ExitProbe& into) { found = found || into.probe.address == from.probe.address; });
  return found;
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

void Probes::give(std::uint32_t kind, std::uint32_t vcpu, std::uint64_t time_ns, const std::uint64_t* values,
                  std::uint32_t count) {
  std::uint64_t event[kLongestEvent] = {time_ns, event_head(kind, vcpu, count, 0)};
  std::copy_n(values, count, event + 2);
  put(event, 2 + count);
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
