// SPDX-License-Identifier: Apache-2.0
//
// A stretch of guest time as a picture of characters: a row a CPU, a column a slice of time, in each cell what had most
// of it. In rows of CPUs a letter is a task (the legend says which), '#' the task that it is about, '*' any other task,
// '.' idle, 'i' interrupts, 'x' offline, ' ' not known. In the task's own row '#' is running, 'w' waiting, '-' asleep,
// 't' kept off by a quota, 'f' frozen, ' ' not known or not there.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "trace/task_table.h"

namespace ktstr {

struct TimelineShape {
  std::int32_t pid = 0;             // whom it is about; 0: nobody
  std::vector<std::uint32_t> cpus;  // that get rows
  std::uint64_t from_ns = 0, to_ns = 0;
  std::size_t columns = 64;
};

struct Timeline {
  struct Row {
    std::uint32_t cpu = 0;
    std::string cells;
  };
  struct Letter {
    char letter = '?';
    std::int32_t pid = 0;
    std::string task;          // "load/3[108]"
    std::uint64_t ran_ns = 0;  // on the CPUs of the rows
  };
  std::uint64_t from_ns = 0, to_ns = 0;
  std::size_t columns = 0;
  std::vector<Row> rows;
  std::string task_cells;  // "" where it is about nobody
  std::vector<Letter> legend;
  std::uint64_t column_ns() const { return columns == 0 ? 0 : (to_ns - from_ns) / columns; }
  // The column that holds a moment.
  std::size_t column_of(std::uint64_t at_ns) const;
};

class TimelinePainter {
 public:
  explicit TimelinePainter(TimelineShape shape);
  // `before`: as it is before it follows the event.
  void add(const TraceEvent& event, const TaskTable& before);
  // `last`: after the last event, which lasts to the end of the stretch, or to the end of the trace.
  Timeline finish(const TaskTable& last, std::uint64_t trace_end_ns);

 private:
  enum class Doing : std::uint8_t { kRunning, kWaiting, kSleeping, kThrottled, kFrozen };
  struct Cell {
    std::map<std::int32_t, std::uint64_t> ran;
    std::uint64_t idle_ns = 0, irq_ns = 0, offline_ns = 0;
  };
  struct Painted {
    std::map<Doing, std::uint64_t> task;
    std::vector<Cell> cpus;
  };
  void pass(std::uint64_t until_ns, const TaskTable& table);
  void paint(Painted& column, std::uint64_t passed, const TaskTable& table);
  void add_run(Cell& cell, std::int32_t pid, std::uint64_t passed);
  std::optional<Doing> doing(const TaskTable& table) const;
  char cell_of(const Cell& cell, const std::map<std::int32_t, char>& letters) const;
  static char cell_of(const std::map<Doing, std::uint64_t>& task);

  TimelineShape shape_;
  std::vector<Painted> painted_;
  std::map<std::int32_t, std::string> names_;  // as they were when they left a CPU last
  bool frozen_ = false;
  std::uint64_t at_ns_ = 0;
  std::size_t kept_ = 0;  // in `ran` of all cells
};

// From `from_ns` to `to_ns` with some time around them.
TimelineShape with_margin(TimelineShape shape);

}  // namespace ktstr
