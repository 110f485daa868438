// SPDX-License-Identifier: Apache-2.0
//
// Work types whose workers come in pairs, 0 and 1, 2 and 3, that wake each other.
#pragma once

#include "ktstr/work.h"
#include "workload/worker_run.h"

namespace ktstr {

Status prepare_pipe_io(const PipeIo& type, GroupResources& shared);
void run_pipe_io(const PipeIo& type, WorkerRun& run);
Status prepare_futex_ping_pong(const FutexPingPong& type, GroupResources& shared);
void run_futex_ping_pong(const FutexPingPong& type, WorkerRun& run);

}  // namespace ktstr
