// SPDX-License-Identifier: Apache-2.0
//
// How a task came into the stretch of time in which things went wrong: when it ran last before it, who touched it last,
// and what happened to it and on its CPUs around the beginning.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "trace/task_table.h"

namespace ktstr {

struct LeadUpEvent {
  std::uint64_t at_ns = 0;
  std::uint16_t cpu = 0;
  std::string words;     // event_words()
  bool skipped = false;  // others came between the one before and this one
};

struct LeadUpRun {
  std::int32_t pid = 0;
  std::string task;  // "load/3[108]"
  std::uint16_t cpu = 0;
  std::uint64_t from_ns = 0, to_ns = 0;
};

struct LeadUp {
  std::optional<LeadUpRun> last_ran;      // the task, before the stretch; its end is the stretch's beginning at most
  std::optional<LeadUpEvent> last_touch;  // it was woken, queued, moved, put into a queue; until it ran again
  bool ran_again = false;                 // within the stretch
  std::optional<LeadUpRun> cpu_ran;       // what the CPU of the stretch ran last before it
  std::vector<LeadUpEvent> events;        // oldest first
};

struct Stretch {
  std::int32_t pid = 0;             // 0: of no task
  std::vector<std::uint32_t> cpus;  // whose events count, beside the task's
  int cpu = -1;                     // the one that it is about; -1: none
  std::uint64_t from_ns = 0, to_ns = 0;
};

class LeadUpFinder {
 public:
  explicit LeadUpFinder(Stretch stretch) : stretch_(std::move(stretch)) {}
  // `before`: as it is before it follows the event.
  void add(const TraceEvent& event, const TaskTable& before);
  LeadUp finish();

 private:
  struct Kept {
    LeadUpEvent event;
    std::uint64_t number = 0;  // among those that count
  };
  struct Running {
    std::int32_t pid = 0;
    std::uint64_t since_ns = 0;
  };
  bool is_ours(std::uint32_t cpu) const;
  bool concerns_task(const TraceEvent& event, const TaskTable& before) const;
  bool concerns_cpus(const TraceEvent& event) const;
  void note_switch(const TraceEvent& event, const TaskTable& before);
  void note_touch(const TraceEvent& event, const TaskTable& before);
  void keep(const TraceEvent& event, const TaskTable& before, bool of_task);

  Stretch stretch_;
  LeadUp found_;
  std::uint64_t numbers_ = 0;
  std::deque<Kept> task_before_, cpus_before_;
  std::vector<Kept> task_after_, cpus_after_;
  std::vector<Running> running_;  // by CPU
};

}  // namespace ktstr
