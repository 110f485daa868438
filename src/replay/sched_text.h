// SPDX-License-Identifier: Apache-2.0
//
// Traces as text: what perf script, perf sched script, trace-cmd report, ftrace's trace file and Perfetto's conversion
// to systrace print of sched_switch, sched_waking and sched_wakeup, and of interrupts, which wake tasks as well. All
// other lines are passed over.
#pragma once

#include <string_view>

#include "base/result.h"
#include "replay/recording.h"

namespace ktstr {

// Lines of these events that cannot be read are a note with the number of the first of them. kInvalidArgument where no
// line can be read.
Result<Recording> read_sched_text(std::string_view text);

}  // namespace ktstr
