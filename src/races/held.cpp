// SPDX-License-Identifier: Apache-2.0
#include "races/held.h"

#include <algorithm>

#include "trace/trace_file.h"

namespace ktstr {

std::uint64_t HeldRun::met() const {
  return static_cast<std::uint64_t>(std::count_if(
      holds.begin(), holds.end(), [](const HeldOnce& one) { return one.end == control::HoldChange::kMet; }));
}

Result<HeldRun> read_held_run(const std::filesystem::path& trace_file) {
  KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::open(trace_file));
  HeldRun run;
  for (;;) {
    KTSTR_TRY_ASSIGN(const std::optional<TraceEvent> event, reader.next());
    if (!event) break;
    run.names.follow(*event);
    if (event->kind != TraceKind::kHeld) continue;
    const auto seen = event_as<trace::Held>(*event);
    const auto change = control::HoldChange{seen.change};
    if (change == control::HoldChange::kBegins) {
      run.holds.push_back({.hold = seen.hold,
                           .times = seen.times,
                           .vcpu = seen.vcpu,
                           .from_ns = event->time_ns,
                           .address = seen.address});
      continue;
    }
    for (auto one = run.holds.rbegin(); one != run.holds.rend(); ++one) {
      if (one->hold != seen.hold) continue;
      one->to_ns = event->time_ns;
      one->end = change;
      one->by = seen.place;
      break;
    }
  }
  return run;
}

}  // namespace ktstr
