// SPDX-License-Identifier: Apache-2.0
//
// What a worker, or the leader of workers that are threads, does before it comes to the start barrier: a table of
// steps, each with the kinds of task that do it. It runs in the new task.
#pragma once

#include "base/result.h"
#include "workload/worker_plan.h"
#include "workload/worker_slot.h"

namespace ktstr {

// Writes its thread id into its slot and goes through the steps; one that fails is written into the slot too, and ends
// the process.
void set_up(const WorkerPlan& plan);
// Tells the spawner.
void tell_ready(const WorkerPlan& plan, WorkerSlot::State state);
// For the spawner: what the task of a slot in state kSetupFailed failed at.
Error setup_error(const WorkerSlot& slot, const WorkerPlan& plan);

}  // namespace ktstr
