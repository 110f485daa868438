// SPDX-License-Identifier: Apache-2.0
//
// A worker from the start barrier to its end, in its own task, be that a process or a thread.
#pragma once

#include "workload/worker_plan.h"

namespace ktstr {

// After set_up(): tells the spawner that it is ready, waits for the release, works until it is told to stop, and
// publishes its last numbers. Returns then.
void live_worker(const WorkerPlan& plan);

}  // namespace ktstr
