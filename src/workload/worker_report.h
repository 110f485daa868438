// SPDX-License-Identifier: Apache-2.0
//
// From a worker's slot to its report. A worker that ended by itself has published everything; of the others, what is
// still open (the gap that goes on, a sleep) is closed here, since being starved must show.
#pragma once

#include <cstdint>

#include "ktstr/work.h"
#include "workload/schedstat.h"
#include "workload/worker_slot.h"

namespace ktstr {

// The published numbers; cgroup, index, pid, responded and exit are the caller's.
WorkerReport published_report(const WorkerSlot& slot, const GroupBlock& group);
// For a worker that has not ended: wall time and an open gap or sleep count until `now_ns`.
void close_at(WorkerReport& report, const WorkerSlot& slot, std::uint64_t now_ns);
// For a worker that has died: its wall time ends with its last checkpoint, and no gap is open.
void close_at_death(WorkerReport& report, const WorkerSlot& slot);
// For both: times from its schedstat as seen from outside.
void add_schedstat(WorkerReport& report, const WorkerSlot& slot, const Schedstat& now);

}  // namespace ktstr
