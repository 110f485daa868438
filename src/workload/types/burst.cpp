// SPDX-License-Identifier: Apache-2.0
#include "workload/types/burst.h"

namespace ktstr {

void run_bursty(const Bursty& type, WorkerRun& run) {
  while (!run.stopping()) {
    run.spin_until(run.checkpoint() + static_cast<std::uint64_t>(type.burst.count()));
    run.sleep_for(type.sleep);
    run.end_iteration();
  }
}

}  // namespace ktstr
