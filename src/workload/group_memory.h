// SPDX-License-Identifier: Apache-2.0
//
// The memory that a group of workers shares with the one who spawned it: its block and its slots (worker_slot.h), and
// the words and the measures that its work types ask for, in one pre-faulted mapping.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <utility>

#include "base/result.h"
#include "workload/worker_slot.h"

namespace ktstr {

class GroupMemory {
 public:
  using Count = std::atomic<std::uint64_t>;
  struct Sizes {
    std::size_t slots = 0, latencies = 0, words = 0, counts = 0;
  };
  static Result<GroupMemory> create(const Sizes& sizes) {
    GroupMemory memory;
    memory.length_ = sizeof(GroupBlock) + sizes.slots * sizeof(WorkerSlot) + sizes.latencies * sizeof(LatencyCounts) +
                     sizes.words * sizeof(SharedWord) + sizes.counts * sizeof(Count);
    void* at =
        ::mmap(nullptr, memory.length_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (at == MAP_FAILED) return fail_errno("cannot map {} bytes shared with workers", memory.length_);
    // In the order of their alignment.
    memory.group_ = new (at) GroupBlock;
    void* next = memory.group_ + 1;
    memory.slots_ = placed<WorkerSlot>(next, sizes.slots);
    memory.latencies_ = placed<LatencyCounts>(next, sizes.latencies);
    memory.words_ = {placed<SharedWord>(next, sizes.words), sizes.words};
    memory.counts_ = placed<Count>(next, sizes.counts);
    return memory;
  }
  GroupMemory() = default;
  GroupMemory(GroupMemory&& other) noexcept { *this = std::move(other); }
  GroupMemory& operator=(GroupMemory&& other) noexcept {
    std::swap(group_, other.group_);
    std::swap(slots_, other.slots_);
    std::swap(latencies_, other.latencies_);
    std::swap(words_, other.words_);
    std::swap(counts_, other.counts_);
    std::swap(length_, other.length_);
    return *this;
  }
  ~GroupMemory() {
    if (group_ != nullptr) ::munmap(group_, length_);
  }

  GroupBlock& group() const { return *group_; }
  WorkerSlot& slot(std::size_t i) const { return slots_[i]; }
  LatencyCounts* latencies() const { return latencies_; }
  std::span<SharedWord> words() const { return words_; }
  Count* counts() const { return counts_; }

 private:
  template <typename T>
  static T* placed(void*& next, std::size_t count) {
    T* const first = static_cast<T*>(next);
    for (std::size_t i = 0; i < count; ++i) new (first + i) T{};
    next = first + count;
    return first;
  }

  GroupBlock* group_ = nullptr;
  WorkerSlot* slots_ = nullptr;
  LatencyCounts* latencies_ = nullptr;
  std::span<SharedWord> words_;
  Count* counts_ = nullptr;
  std::size_t length_ = 0;
};

}  // namespace ktstr
