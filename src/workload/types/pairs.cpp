// SPDX-License-Identifier: Apache-2.0
#include "workload/types/pairs.h"

namespace ktstr {

// Each worker receives through a pipe of its own. A partner sends before it receives, so it may be one byte ahead: two
// words in turn, or the later byte would hide since when a worker waits for the earlier one.
Status prepare_pipe_io(const PipeIo&, GroupResources& shared) {
  shared.add_words(2 * shared.workers());
  for (std::size_t i = 0; i < shared.workers(); ++i) KTSTR_TRY(shared.add_pipe());
  return ok();
}

void run_pipe_io(const PipeIo& type, WorkerRun& run) {
  const std::size_t own = run.index(), partner = own ^ 1;
  const int from = run.file(2 * own), to = run.file(2 * partner + 1);
  for (std::uint32_t round = 0; !run.stopping(); ++round) {
    run.spin(type.burst_iters);
    run.send(run.word(2 * partner + round % 2), to);
    run.receive(run.word(2 * own + round % 2), round / 2, from);
    run.end_iteration();
  }
}

// A pair's word says whose turn it is.
Status prepare_futex_ping_pong(const FutexPingPong&, GroupResources& shared) {
  shared.add_words(shared.workers() / 2);
  return ok();
}

void run_futex_ping_pong(const FutexPingPong& type, WorkerRun& run) {
  SharedWord& turn = run.word(run.index() / 2);
  const std::uint32_t partner = run.index() % 2 == 0 ? 1 : 0;
  while (!run.stopping()) {
    run.wait_while(turn, partner);
    run.spin(type.spin_iters);
    run.wake(turn, partner);
    run.end_iteration();
  }
}

}  // namespace ktstr
