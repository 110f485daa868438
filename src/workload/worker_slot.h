// SPDX-License-Identifier: Apache-2.0
//
// What a worker and the one who spawned it share: one GroupBlock for the group, one WorkerSlot for each worker (and one
// for the leader of workers that are threads), in one MAP_SHARED mapping. Each field has one writer. A worker publishes
// at every checkpoint, so that there are numbers even of one that never runs again; some of them where a guest's host
// sees them too (model/live_worker.h).
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "ktstr/topology.h"
#include "model/live_worker.h"
#include "workload/futex.h"
#include "workload/hold_clock.h"
#include "workload/latency_counts.h"
#include "workload/shared_word.h"
#include "workload/task/schedstat.h"

namespace ktstr {

// A set of CPUs in shared memory. Release and acquire make a reader who sees a new word also see the sequence count
// that was written before it (GroupBlock).
class CpuBits {
 public:
  static constexpr Cpu kLimit = 4096;  // as of CpuSet::parse

  void add(Cpu cpu) {
    if (cpu < 0 || cpu >= kLimit) return;
    std::atomic<std::uint64_t>& word = words_[index_of(cpu)];
    word.store(word.load(std::memory_order_relaxed) | mask_of(cpu), std::memory_order_release);
  }
  bool contains(Cpu cpu) const {
    return cpu >= 0 && cpu < kLimit && (words_[index_of(cpu)].load(std::memory_order_acquire) & mask_of(cpu)) != 0;
  }
  void clear() {
    for (auto& word : words_) word.store(0, std::memory_order_release);
  }
  CpuSet to_set() const {
    CpuSet set;
    for (std::size_t index = 0; index < words_.size(); ++index)
      for (auto word = words_[index].load(std::memory_order_acquire); word != 0; word &= word - 1)
        set.add(static_cast<Cpu>(index * 64) + std::countr_zero(word));
    return set;
  }

 private:
  static std::size_t index_of(Cpu cpu) { return static_cast<std::size_t>(cpu) / 64; }
  static std::uint64_t mask_of(Cpu cpu) { return std::uint64_t{1} << (static_cast<unsigned>(cpu) % 64); }
  std::array<std::atomic<std::uint64_t>, kLimit / 64> words_{};
};

// Written by the spawner alone.
struct alignas(64) GroupBlock {
  FutexWord go{0};                            // the start barrier: workers wait for 1
  FutexWord stop{0};                          // 1: end at the next checkpoint; sleeping workers wait on it
  std::atomic<std::uint64_t> released_ns{0};  // CLOCK_MONOTONIC; before `go`
  std::atomic<std::uint64_t> stopped_ns{0};   // CLOCK_MONOTONIC; before `stop`
  // The cpuset, under a sequence count: odd while it changes, and a reader that saw it change has compared nothing.
  std::atomic<std::uint64_t> allowed_sequence{0};
  std::atomic<bool> all_allowed{true};
  CpuBits allowed;
  HoldClock hold;
  std::atomic<std::uint64_t> held_before_ns{0};  // the release; before `go`
};

// Written by its worker alone.
struct alignas(64) WorkerSlot {
  enum State : std::uint32_t { kSpawned, kSetupFailed, kReady, kFinished };
  using Counter = std::atomic<std::uint64_t>;

  std::atomic<std::uint32_t> state{kSpawned};
  std::atomic<int> tid{0};         // before it is ready
  std::atomic<int> setup_step{0};  // kSetupFailed: which step, with which errno
  std::atomic<int> setup_errno{0};

  SharedSchedstat base;  // at the barrier; the run's share is what came on top of it

  // Where it counts its work: by the spawner, before it exists.
  LiveWorker* live = &own_live;
  LiveWorker own_live;

  Counter migrations{0}, missed{0};
  Counter max_gap_ns{0}, max_gap_at_ns{0};
  std::atomic<Cpu> max_gap_cpu{-1};
  Counter sleep_ns{0};                             // asked for and over
  Counter asleep_since_ns{0}, asleep_until_ns{0};  // of the sleep that goes on; 0: none does
  Counter asleep_held_before_ns{0};                // HoldTimes::held_by() its begin
  // Of a sleep that ends when the word's value is no longer this; null: it ends by time.
  std::atomic<const SharedWord*> asleep_on{nullptr};
  std::atomic<std::uint32_t> asleep_while{0};
  CpuBits cpus_used, cpus_outside;
  // What it had to do and could not: a text of the program, which all of the group have in the same place.
  std::atomic<const char*> could_not{nullptr};
  std::atomic<int> could_not_errno{0};
  LatencyCounts wake_latencies;

  SharedSchedstat spent;  // over the run; at the end, before kFinished
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<int>::is_always_lock_free &&
              std::atomic<bool>::is_always_lock_free);

}  // namespace ktstr
