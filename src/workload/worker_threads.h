// SPDX-License-Identifier: Apache-2.0
//
// Workers that are threads of one process: its leader starts them as the last but few steps of its set-up, sleeps until
// they have ended, and ends the process. They are threads of the C library, each with its own errno and rseq area, so
// that work types need not care what their worker is.
#pragma once

#include <pthread.h>

#include <vector>

#include "workload/worker_plan.h"

namespace ktstr {

// Made by the spawner, used in the leader.
struct WorkerThreads {
  std::vector<const WorkerPlan*> plans;
  std::vector<pthread_t> started;

  // False with errno.
  bool start();
  void join();
};

}  // namespace ktstr
