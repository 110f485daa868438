// SPDX-License-Identifier: Apache-2.0
//
// From a worker's slot to its report. A worker that ended by itself has published everything; of the others, what is
// still open (the gap that goes on, a sleep) is closed here, since being starved must show. What the scenario held them
// for counts as neither.
#pragma once

#include <cstdint>

#include "ktstr/work.h"
#include "workload/task/schedstat.h"
#include "workload/worker_slot.h"

namespace ktstr {

// The published numbers, until the last checkpoint; whose it was and how it ended is the caller's.
WorkerReport published_report(const WorkerSlot& slot, const GroupBlock& group);
// What its work type measures beyond that: names are the type's. What never happened has no place in a report.
void add_measures(WorkerReport& report, const WorkType& type, const WorkMeasures& measures);
// For how long a worker has been away by then, without what it asked to sleep.
HoldTimes::Wait open_wait(const WorkerSlot& slot, const GroupBlock& group, std::uint64_t now_ns);
// The report's gap, where it is the longer one: of a worker that had not come back by then.
void note_wait(WorkerReport& report, const HoldTimes::Wait& wait);
// For a worker that has not ended: wall time and an open gap or sleep count until `now_ns`.
void close_at(WorkerReport& report, const WorkerSlot& slot, const GroupBlock& group, std::uint64_t now_ns);
// For one that has not ended by itself: times from its schedstat as seen from outside.
void add_schedstat(WorkerReport& report, const WorkerSlot& slot, const Schedstat& now);
// Once its wall time is known: what of that it was held.
void add_held(WorkerReport& report, const GroupBlock& group);
// For one that waits for a CPU right now: the kernel counts a wait only when it is over (sched_info_arrive(),
// kernel/sched/stats.h), so all that is otherwise unaccounted for is that.
void add_open_run_delay(WorkerReport& report);

}  // namespace ktstr
