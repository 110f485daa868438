// SPDX-License-Identifier: Apache-2.0
//
// One worker that wakes several others at once, round by round. The next round only begins when all have run in this
// one: a wake-up that comes on top of another hides it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "workload/worker_run.h"

namespace ktstr {

// A group's words.
struct Rounds {
  static constexpr std::size_t kWords = 3;
  static Rounds of(WorkerRun& run, std::size_t group) {
    return {run.word(kWords * group), run.word(kWords * group + 1), run.word(kWords * group + 2)};
  }

  SharedWord& round;  // receivers wait for another value
  SharedWord& left;   // how many of them have not run yet
  SharedWord& done;   // the round that all of them have run in
};

// Returns what to wait_for_round() for.
inline std::uint32_t begin_round(WorkerRun& run, const Rounds& rounds, std::uint32_t receivers) {
  const std::uint32_t before = rounds.round.value();
  rounds.left.set(receivers, 0);
  run.wake(rounds.round, before + 1, static_cast<int>(receivers));
  return before;
}
inline void wait_for_round(WorkerRun& run, const Rounds& rounds, std::uint32_t before) {
  run.wait_while(rounds.done, before);
}

template <typename Work>
void receive_rounds(WorkerRun& run, const Rounds& rounds, Work&& work) {
  for (std::uint32_t seen = 0; !run.stopping();) {
    run.wait_while(rounds.round, seen);
    if (run.stopping()) return;
    seen = rounds.round.value();
    work();
    if (rounds.left.count_down()) run.wake(rounds.done, seen);
    run.end_iteration();
  }
}

}  // namespace ktstr
