// SPDX-License-Identifier: Apache-2.0
//
// Work types that alternate between work and sleep, and so measure wake-ups.
#pragma once

#include "ktstr/work.h"
#include "workload/worker_run.h"

namespace ktstr {

void run_bursty(const Bursty& type, WorkerRun& run);

}  // namespace ktstr
