// SPDX-License-Identifier: Apache-2.0
//
// A worker at work, seen from its loop: spin, yield, sleep, and whether to stop. Everything goes through checkpoint(),
// which measures how long the worker was away, where it runs, and publishes that. Runs in the worker process: no
// allocation, no locks. Loops look like
//
//   while (!run.stopping()) {
//     run.spin(1024);
//     run.end_iteration();
//   }
#pragma once

#include <chrono>
#include <cstdint>

#include "ktstr/topology.h"
#include "workload/worker_slot.h"

namespace ktstr {

// What a run sees of the machine; tests put their own in place.
struct RunProbes {
  std::uint64_t (*now_ns)();  // CLOCK_MONOTONIC
  Cpu (*cpu)();
  void (*yield)();
  // Until `word` is no longer 0 or `until_ns`; may return early.
  void (*wait)(FutexWord& word, std::uint64_t until_ns);

  static RunProbes real();
};

class WorkerRun {
 public:
  // Spins between two checkpoints, and of a work unit: about 20 us of a TCG guest's time at 8 ns an instruction.
  static constexpr std::uint32_t kSpinsPerUnit = 1024;

  WorkerRun(GroupBlock& group, WorkerSlot& slot, const RunProbes& probes = RunProbes::real());

  // The first checkpoint, whose gap counts from the release, and then `phase` of spinning that is no work.
  void begin(std::chrono::nanoseconds phase);

  // The last checkpoint, once it is to stop: what it saw of the time before it saw the stop may be long ago, since it
  // can lose its CPU in between.
  void end();

  // As of the last checkpoint.
  bool stopping() const { return stopping_; }
  // Returns the time it was taken, CLOCK_MONOTONIC ns.
  std::uint64_t checkpoint();
  // Each kSpinsPerUnit spins, and what is left at the end, are a work unit with a checkpoint. Ends early on stop.
  void spin(std::uint32_t spins);
  // Spins work units until that CLOCK_MONOTONIC time.
  void spin_until(std::uint64_t until_ns);
  void yield();
  // Ends early on stop. The time asked for is no gap, only what comes on top; that is the wake latency. Neither counts
  // while the scenario holds the worker.
  void sleep_for(std::chrono::nanoseconds time);
  void end_iteration();

 private:
  std::uint64_t until_stop(std::uint64_t now) const;
  void note_gap(std::uint64_t now, std::uint64_t since, Cpu cpu);
  void note_cpu(Cpu cpu, std::uint64_t allowed_sequence);
  void spin_unit(std::uint32_t spins);

  GroupBlock& group_;
  WorkerSlot& slot_;
  RunProbes probes_;
  std::uint64_t released_ns_;
  std::uint64_t last_ns_;  // since when it may be away
  Cpu last_cpu_ = -1;
  bool stopping_ = false;
};

}  // namespace ktstr
