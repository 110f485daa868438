// SPDX-License-Identifier: Apache-2.0
//
// One reading of a trace for all that is shown of a stretch of it.
#pragma once

#include "base/result.h"
#include "trace/story/lead_up.h"
#include "trace/story/timeline.h"
#include "trace/trace_file.h"

namespace ktstr {

struct Look {
  LeadUp lead_up;
  Timeline timeline;
  std::uint64_t last_event_ns = 0;  // of the trace
};

Result<Look> look_at(TraceReader& trace, const Stretch& stretch, const TimelineShape& shape);

}  // namespace ktstr
