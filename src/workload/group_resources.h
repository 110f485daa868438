// SPDX-License-Identifier: Apache-2.0
//
// What the workers of one WorkSpec have in common beyond their slots: files that all of them have open, shared words,
// and sets of CPUs. A work type asks for them before the first worker exists; its loop finds them by their numbers, in
// the order of asking. Files are closed with the group, and whoever else inherits them closes them as any other.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "workload/latency_counts.h"
#include "workload/shared_region.h"
#include "workload/shared_word.h"
#include "workload/task/task_affinity.h"

namespace ktstr {

// How many workers of a type there may be.
struct GroupSize {
  int multiple_of = 1, at_least = 1;
  // `type` is what messages call it.
  Status check(int workers, std::string_view type) const;
};

class GroupResources {
 public:
  // `cgroup`: the directory of that of its workers, where it is known.
  explicit GroupResources(std::size_t workers, const Fd* cgroup = nullptr) : workers_(workers), cgroup_(cgroup) {}
  GroupResources(GroupResources&&) = default;
  GroupResources& operator=(GroupResources&&) = delete;
  ~GroupResources() { end(); }

  // For work types to ask. Two files, the end to read from first, and both ends; one file. None of them blocks.
  std::size_t workers() const { return workers_; }
  Status add_pipe();
  Status add_socket_pair();
  Status add_event();
  Status add_counting_event();  // of which each read(2) takes one
  void add_words(std::size_t count) { word_count_ += count; }
  // Of each worker: so many latencies and counts of its own.
  void add_measures(std::size_t latencies, std::size_t counts) {
    latencies_each_ = latencies;
    counts_each_ = counts;
  }
  void add_mask(const CpuSet& cpus) { masks_.emplace_back(cpus); }
  // Memory that all of them have at one address, of zeros. Where the machine has not twice as much left, memory() is
  // empty, and the loop gives up.
  void add_memory(std::size_t bytes) { memory_.emplace_back(bytes); }
  void add_file(Fd file) { files_.push_back(std::move(file)); }
  // Called when all workers have ended, the last one first: takes away what was made outside of this process.
  void add_undo(std::function<void()> undo) { undo_.push_back(std::move(undo)); }
  // Null, or not valid: they have none of their own.
  const Fd* cgroup() const { return cgroup_; }

  // For the spawner. `stop_event` becomes readable at the stop.
  const std::vector<Fd>& files() const { return files_; }
  std::size_t word_count() const { return word_count_; }
  void bind(SharedWord* words, const WorkMeasures& measures, int stop_event) {
    words_ = words;
    measures_ = measures;
    stop_event_ = stop_event;
  }
  std::size_t latencies() const { return workers_ * latencies_each_; }
  std::size_t counts() const { return workers_ * counts_each_; }

  // Once no worker is left, for what is outside of this process; harmless the second time.
  void end();

  // For loops.
  int file(std::size_t number) const { return files_[number].get(); }
  SharedWord& word(std::size_t number) const { return words_[number]; }
  const std::vector<CpuMask>& masks() const { return masks_; }
  const CpuMask& mask(std::size_t number) const { return masks_[number]; }
  std::span<std::byte> memory(std::size_t number) const { return memory_[number].bytes(); }
  int stop_event() const { return stop_event_; }
  WorkMeasures measures(std::size_t worker) const {
    return {measures_.latencies + worker * latencies_each_, measures_.counts + worker * counts_each_};
  }

 private:
  Status add_eventfd(int flags);
  std::size_t workers_, word_count_ = 0, latencies_each_ = 0, counts_each_ = 0;
  const Fd* cgroup_;
  std::vector<Fd> files_;
  std::vector<CpuMask> masks_;
  std::vector<SharedRegion> memory_;
  std::vector<std::function<void()>> undo_;
  SharedWord* words_ = nullptr;
  WorkMeasures measures_;
  int stop_event_ = -1;
};

}  // namespace ktstr
