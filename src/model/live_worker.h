// SPDX-License-Identifier: Apache-2.0
//
// What a worker has done so far, in memory where the host of a guest sees it: an entry of the mailbox's live area
// (wire/mailbox.h). The words in which a worker counts are these, so that they cost nothing more, and say what it had
// done when it was last seen where nobody is left to report it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace ktstr {

struct alignas(64) LiveWorker {
  using Counter = std::atomic<std::uint64_t>;
  enum State : std::uint32_t { kFree, kTaken };
  static constexpr std::size_t kNameBytes = 40;

  // Of the spawner, which never reads them back. `pid` and `released_ns` together are those of one report
  // (WorkerReport::task_id()), wherever its cgroup was in the end.
  std::atomic<std::uint32_t> state{kFree};
  std::atomic<std::int32_t> pid{0};       // of a thread, its thread id; 0: it is not there yet
  std::atomic<std::int32_t> index{0};     // in its cgroup, as it was spawned
  Counter released_ns{0};                 // CLOCK_MONOTONIC; 0: it waits for that
  std::array<char, kNameBytes> cgroup{};  // as it was spawned; of a longer name the end. Unused bytes are 0

  // Of the worker.
  alignas(64) Counter work_units{0};
  Counter iterations{0};
  Counter last_checkpoint_ns{0};  // CLOCK_MONOTONIC; 0 before the first
};
static_assert(sizeof(LiveWorker) == 128 && offsetof(LiveWorker, work_units) == 64,
              "two cache lines: one of the spawner, one of the worker");

// Of all of them, by the spawner.
struct LiveHead {
  std::atomic<std::uint32_t> used{0};       // entries from here on were never taken
  std::atomic<std::uint32_t> beyond{0};     // workers there are that have no entry
  LiveWorker::Counter ended_iterations{0};  // of workers whose entries were given back
};
static_assert(sizeof(LiveHead) == 16);

// An entry as it was read. Where the guest is hostile, all of it is whatever that likes.
struct WorkerLastSeen {
  std::string cgroup;  // as it was spawned; empty: outside of the scenario's cgroups
  int index = 0;       // there
  int pid = 0;
  std::uint64_t started_ns = 0;  // CLOCK_MONOTONIC when released
  std::uint64_t work_units = 0;
  std::uint64_t iterations = 0;
  std::uint64_t last_checkpoint_ns = 0;  // CLOCK_MONOTONIC; 0: it had none

  auto task_id() const { return std::pair(pid, started_ns); }  // as WorkerReport's
};

}  // namespace ktstr
