// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "results/run_record.h"
#include "trace/export/perfetto.h"

namespace ktstr {

// What a run's record says of times in its guest: steps with their holds, ops, and what was found. A worker's gap is
// where it was; what has no time of its own is at the end of its step.
TraceMarks trace_marks(const RunRecord& record);

// Of one finding; none: nothing says when that was.
std::optional<TraceSpan> span_of_finding(const RunRecord& record, const Detail& detail);

}  // namespace ktstr
