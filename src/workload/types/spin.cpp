// SPDX-License-Identifier: Apache-2.0
#include "workload/types/spin.h"

namespace ktstr {

void run_spin_wait(const SpinWait&, WorkerRun& run) {
  while (!run.stopping()) {
    run.spin(WorkerRun::kSpinsPerUnit);
    run.end_iteration();
  }
}

void run_yield_heavy(const YieldHeavy&, WorkerRun& run) {
  // Small next to the cost of the yield itself, so that yielding is what this worker mostly does.
  constexpr std::uint32_t kSpins = 256;
  while (!run.stopping()) {
    run.spin(kSpins);
    run.yield();
    run.end_iteration();
  }
}

void run_mixed(const Mixed& type, WorkerRun& run) {
  while (!run.stopping()) {
    run.spin(type.spins);
    run.yield();
    run.end_iteration();
  }
}

}  // namespace ktstr
