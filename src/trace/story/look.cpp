// SPDX-License-Identifier: Apache-2.0
#include "trace/story/look.h"

#include <algorithm>

namespace ktstr {

Result<Look> look_at(TraceReader& trace, const Stretch& stretch, const TimelineShape& shape) {
  LeadUpFinder lead_up(stretch);
  TimelinePainter painter(shape);
  TaskTable table;
  Look look;
  for (;;) {
    KTSTR_TRY_ASSIGN(const std::optional<TraceEvent> event, trace.next());
    if (!event) break;
    look.last_event_ns = std::max(look.last_event_ns, event->time_ns);
    if (event->time_ns > std::max(stretch.to_ns, shape.to_ns)) {
      // Nothing of it is shown, and what came before lasts until then.
      painter.add(*event, table);
      break;
    }
    lead_up.add(*event, table);
    painter.add(*event, table);
    table.follow(*event);
  }
  look.lead_up = lead_up.finish();
  look.timeline = painter.finish(table, look.last_event_ns);
  return look;
}

}  // namespace ktstr
