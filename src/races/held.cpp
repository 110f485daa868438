// SPDX-License-Identifier: Apache-2.0
#include "races/held.h"

#include <algorithm>

#include "trace/trace_file.h"

namespace ktstr {

Result<std::vector<HeldOnce>> read_holds(const std::filesystem::path& trace_file) {
  KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::open(trace_file));
  std::vector<HeldOnce> holds;
  for (;;) {
    KTSTR_TRY_ASSIGN(const std::optional<TraceEvent> event, reader.next());
    if (!event) return holds;
    if (event->kind != TraceKind::kHeld) continue;
    const auto seen = event_as<trace::Held>(*event);
    const auto change = control::HoldChange{seen.change};
    if (change == control::HoldChange::kBegins) {
      holds.push_back({.hold = seen.hold, .times = seen.times});
      continue;
    }
    const auto last =
        std::find_if(holds.rbegin(), holds.rend(), [&](const HeldOnce& one) { return one.hold == seen.hold; });
    if (last != holds.rend()) last->end = change;
  }
}

}  // namespace ktstr
