// SPDX-License-Identifier: Apache-2.0
//
// What the workers of one WorkSpec have in common beyond their slots: files that all of them have open, and shared
// words. A work type asks for them before the first worker exists; its loop finds them by their numbers, in the order
// of asking. Files are closed with the group, and whoever else inherits them closes them as any other.
#pragma once

#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "workload/shared_word.h"

namespace ktstr {

// How many workers of a type there may be.
struct GroupSize {
  int multiple_of = 1, at_least = 1;
  // `type` is what messages call it.
  Status check(int workers, std::string_view type) const;
};

class GroupResources {
 public:
  explicit GroupResources(std::size_t workers) : workers_(workers) {}

  // For work types to ask. Two files, the end to read from first, and both ends; one file. None of them blocks.
  std::size_t workers() const { return workers_; }
  Status add_pipe();
  Status add_socket_pair();
  Status add_event();
  void add_words(std::size_t count) { word_count_ += count; }

  // For the spawner. `stop_event` becomes readable at the stop.
  const std::vector<Fd>& files() const { return files_; }
  std::size_t word_count() const { return word_count_; }
  void bind(SharedWord* words, int stop_event) {
    words_ = words;
    stop_event_ = stop_event;
  }

  // For loops.
  int file(std::size_t number) const { return files_[number].get(); }
  SharedWord& word(std::size_t number) const { return words_[number]; }
  int stop_event() const { return stop_event_; }

 private:
  std::size_t workers_, word_count_ = 0;
  std::vector<Fd> files_;
  SharedWord* words_ = nullptr;
  int stop_event_ = -1;
};

}  // namespace ktstr
