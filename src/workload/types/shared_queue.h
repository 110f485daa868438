// SPDX-License-Identifier: Apache-2.0
//
// Bounded queues that workers of a group share: first in, first out, under a lock. Who waits for an item, or for room,
// sleeps. The queues of a WorkSpec are all of one length; their words and their memory are the first that it asks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "workload/worker_run.h"

namespace ktstr {

struct QueueItem {
  std::uint64_t since_ns = 0;         // CLOCK_MONOTONIC
  std::uint64_t key = 0, worker = 0;  // what it is, and whose
};

class SharedQueue {
 public:
  static constexpr std::size_t kWords = 3;
  // The longest: 1.5 MiB.
  static constexpr std::int64_t kMostLimit = 1 << 16;

  static void add(GroupResources& shared, std::size_t queues, std::size_t limit) {
    shared.add_words(kWords * queues);
    shared.add_memory(queues * bytes(limit));
  }
  SharedQueue(WorkerRun& run, std::size_t number, std::size_t limit)
      : run_(run),
        lock_(run.word(kWords * number)),
        items_(run.word(kWords * number + 1)),
        room_(run.word(kWords * number + 2)),
        limit_(limit) {
    const std::span<std::byte> memory = run.memory(0);
    if (memory.empty()) return;
    ends_ = reinterpret_cast<Ends*>(memory.data() + number * bytes(limit));
    places_ = reinterpret_cast<QueueItem*>(ends_ + 1);
  }
  bool valid() const { return ends_ != nullptr; }

  // False where it is full, or at the stop. Not for a queue that was opened.
  bool try_push(const QueueItem& item) {
    if (!run_.lock(lock_)) return false;
    const bool has_room = ends_->in - ends_->out < limit_;
    if (has_room) places_[ends_->in++ % limit_] = item;
    run_.unlock(lock_);
    if (has_room) run_.give(items_, 1);
    return has_room;
  }
  // Those who push() wait for that, and then for room. By one worker, once.
  void open() { run_.give(room_, static_cast<std::uint32_t>(limit_)); }
  bool push(const QueueItem& item) { return run_.take(room_) && try_push(item); }
  // False at the stop.
  bool pop(QueueItem& item) {
    if (!run_.take(items_) || !run_.lock(lock_)) return false;
    item = places_[ends_->out++ % limit_];
    run_.unlock(lock_);
    return true;
  }
  // The same of one that was opened.
  bool pop_and_make_room(QueueItem& item) {
    if (!pop(item)) return false;
    run_.give(room_, 1);
    return true;
  }

 private:
  struct alignas(64) Ends {
    std::uint64_t in, out;  // how many ever went
  };
  static constexpr std::size_t bytes(std::size_t limit) {
    return (sizeof(Ends) + limit * sizeof(QueueItem) + 63) / 64 * 64;
  }

  WorkerRun& run_;
  SharedWord &lock_, &items_, &room_;
  std::size_t limit_;
  Ends* ends_ = nullptr;
  QueueItem* places_ = nullptr;
};

}  // namespace ktstr
