// SPDX-License-Identifier: Apache-2.0
//
// One process of a WorkerGroup: a worker, or the leader of workers that are its threads. Made, set up, held at the
// start barrier, run.
#pragma once

#include <sys/types.h>

#include "base/fd.h"
#include "base/result.h"
#include "workload/worker_plan.h"

namespace ktstr {

struct WorkerProcess {
  pid_t pid = -1;
  Fd pidfd;
};

// The worker sets itself up under our own scheduling policy.
Result<WorkerProcess> start_worker(const WorkerPlan& plan);
// The same of the process, and of its threads, which it starts itself.
Result<WorkerProcess> start_leader(const WorkerPlan& plan);
// Gives a worker or leader that is ready its CPUs, nice value, policy and utilisation clamps, and reads each back. We
// do it, and only now, because a worker of a real-time body comes to the barrier whatever the scheduler under test
// does, and is handed to it there; and because a worker with another uid may not raise its own priority. It does not
// move: it sleeps at the barrier, and wakes up where it was born unless the scheduler chooses otherwise. CPUs come
// before the policy, since SCHED_DEADLINE is only given to tasks that may use all of their root domain.
Status hand_over(const WorkerPlan& plan, pid_t tid);

}  // namespace ktstr
