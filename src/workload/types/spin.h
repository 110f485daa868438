// SPDX-License-Identifier: Apache-2.0
//
// Work types that keep a CPU busy and never sleep.
#pragma once

#include "ktstr/work.h"
#include "workload/worker_run.h"

namespace ktstr {

void run_spin_wait(const SpinWait& type, WorkerRun& run);
void run_yield_heavy(const YieldHeavy& type, WorkerRun& run);
void run_mixed(const Mixed& type, WorkerRun& run);

}  // namespace ktstr
