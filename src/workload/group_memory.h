// SPDX-License-Identifier: Apache-2.0
//
// The memory that a group of workers shares with the one who spawned it: its block and its slots (worker_slot.h), and
// the words that its work types ask for, in one pre-faulted mapping.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <span>
#include <utility>

#include "base/result.h"
#include "workload/worker_slot.h"

namespace ktstr {

class GroupMemory {
 public:
  static Result<GroupMemory> create(std::size_t slots, std::size_t words) {
    GroupMemory memory;
    memory.length_ = sizeof(GroupBlock) + slots * sizeof(WorkerSlot) + words * sizeof(SharedWord);
    void* at =
        ::mmap(nullptr, memory.length_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (at == MAP_FAILED) return fail_errno("cannot map {} bytes shared with workers", memory.length_);
    memory.group_ = new (at) GroupBlock;
    memory.slots_ = reinterpret_cast<WorkerSlot*>(static_cast<std::byte*>(at) + sizeof(GroupBlock));
    for (std::size_t i = 0; i < slots; ++i) new (memory.slots_ + i) WorkerSlot;
    memory.words_ = {reinterpret_cast<SharedWord*>(memory.slots_ + slots), words};
    for (SharedWord& word : memory.words_) new (&word) SharedWord;
    return memory;
  }
  GroupMemory() = default;
  GroupMemory(GroupMemory&& other) noexcept { *this = std::move(other); }
  GroupMemory& operator=(GroupMemory&& other) noexcept {
    std::swap(group_, other.group_);
    std::swap(slots_, other.slots_);
    std::swap(words_, other.words_);
    std::swap(length_, other.length_);
    return *this;
  }
  ~GroupMemory() {
    if (group_ != nullptr) ::munmap(group_, length_);
  }

  GroupBlock& group() const { return *group_; }
  WorkerSlot& slot(std::size_t i) const { return slots_[i]; }
  std::span<SharedWord> words() const { return words_; }

 private:
  GroupBlock* group_ = nullptr;
  WorkerSlot* slots_ = nullptr;
  std::span<SharedWord> words_;
  std::size_t length_ = 0;
};

}  // namespace ktstr
