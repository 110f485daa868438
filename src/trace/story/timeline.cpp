// SPDX-License-Identifier: Apache-2.0
#include "trace/story/timeline.h"

#include <algorithm>

#include "trace/story/event_words.h"

namespace ktstr {

namespace {

constexpr std::size_t kMostPainted = 100'000;  // tasks of all cells together
constexpr std::int32_t kUnpainted = -1;
constexpr std::size_t kMostTaskNames = 100'000;  // a guest may invent any number of tasks
constexpr std::size_t kMostLetters = 9;
constexpr std::uint64_t kLeastMargin = 1'000'000;  // ns

}  // namespace

std::size_t Timeline::column_of(std::uint64_t at_ns) const {
  if (columns == 0 || at_ns <= from_ns || to_ns <= from_ns) return 0;
  const double share = static_cast<double>(at_ns - from_ns) / static_cast<double>(to_ns - from_ns);
  return std::min(columns - 1, static_cast<std::size_t>(share * static_cast<double>(columns)));
}

TimelineShape with_margin(TimelineShape shape) {
  const std::uint64_t length = shape.to_ns - std::min(shape.from_ns, shape.to_ns);
  const std::uint64_t margin = std::max(length / 8, kLeastMargin);
  shape.from_ns -= std::min(shape.from_ns, margin);
  shape.to_ns += margin;
  return shape;
}

TimelinePainter::TimelinePainter(TimelineShape shape) : shape_(std::move(shape)) {
  shape_.to_ns = std::max(shape_.to_ns, shape_.from_ns + shape_.columns);
  painted_.resize(shape_.columns);
  for (Painted& column : painted_) column.cpus.resize(shape_.cpus.size());
  at_ns_ = shape_.from_ns;
}

void TimelinePainter::add(const TraceEvent& event, const TaskTable& before) {
  pass(event.time_ns, before);
  if (event.kind == TraceKind::kSwitch && event.time_ns >= shape_.from_ns && event.time_ns <= shape_.to_ns &&
      names_.size() < kMostTaskNames)
    names_[event_as<trace::Switch>(event).prev] = task_text(event_as<trace::Switch>(event).prev, before);
  if (event.kind != TraceKind::kFreeze && event.kind != TraceKind::kThaw) return;
  if (shape_.pid != 0 && before.running(event.cpu) == shape_.pid) frozen_ = event.kind == TraceKind::kFreeze;
}

void TimelinePainter::pass(std::uint64_t until_ns, const TaskTable& table) {
  until_ns = std::min(until_ns, shape_.to_ns);
  const std::uint64_t whole = shape_.to_ns - shape_.from_ns;
  while (at_ns_ < until_ns) {
    const std::size_t column = std::min(
        shape_.columns - 1, static_cast<std::size_t>(static_cast<double>(at_ns_ - shape_.from_ns) /
                                                     static_cast<double>(whole) * static_cast<double>(shape_.columns)));
    std::uint64_t end =
        shape_.from_ns + static_cast<std::uint64_t>(static_cast<double>(whole) / static_cast<double>(shape_.columns) *
                                                    static_cast<double>(column + 1));
    if (column + 1 == shape_.columns) end = shape_.to_ns;
    end = std::max(at_ns_ + 1, std::min(end, until_ns));
    paint(painted_[column], end - at_ns_, table);
    at_ns_ = end;
  }
}

// Of more tasks than anybody looks at the rest is one.
void TimelinePainter::add_run(Cell& cell, std::int32_t pid, std::uint64_t passed) {
  const auto found = cell.ran.find(pid);
  if (found != cell.ran.end()) {
    found->second += passed;
    return;
  }
  const bool has_room = kept_ < kMostPainted;
  if (has_room) ++kept_;
  cell.ran[has_room ? pid : kUnpainted] += passed;
}

void TimelinePainter::paint(Painted& column, std::uint64_t passed, const TaskTable& table) {
  const std::vector<CpuNow>& cpus = table.scheduling().cpus();
  for (std::size_t i = 0; i < shape_.cpus.size(); ++i) {
    if (shape_.cpus[i] >= cpus.size() || !cpus[shape_.cpus[i]].known) continue;
    const CpuNow& now = cpus[shape_.cpus[i]];
    Cell& cell = column.cpus[i];
    if (!now.online)
      cell.offline_ns += passed;
    else if (now.irq_depth > 0)
      cell.irq_ns += passed;
    else if (now.current == 0)
      cell.idle_ns += passed;
    else
      add_run(cell, now.current, passed);
  }
  if (const auto does = doing(table)) column.task[*does] += passed;
}

std::optional<TimelinePainter::Doing> TimelinePainter::doing(const TaskTable& table) const {
  const TaskNow* const task = shape_.pid == 0 ? nullptr : table.scheduling().task(shape_.pid);
  if (task == nullptr) return std::nullopt;
  switch (task->phase) {
    case TaskPhase::kRunning:
      return Doing::kRunning;
    case TaskPhase::kSleeping:
      return frozen_ ? Doing::kFrozen : Doing::kSleeping;
    case TaskPhase::kWaiting:
      return !task->queued || table.scheduling().is_throttled(task->cgroup, task->cpu) ? Doing::kThrottled
                                                                                       : Doing::kWaiting;
    default:
      return std::nullopt;
  }
}

char TimelinePainter::cell_of(const Cell& cell, const std::map<std::int32_t, char>& letters) const {
  std::uint64_t most = 0;
  char shown = ' ';
  auto take = [&](std::uint64_t part, char letter) {
    if (part <= most) return;
    most = part;
    shown = letter;
  };
  for (const auto& [pid, ran] : cell.ran) {
    const auto letter = letters.find(pid);
    take(ran, pid == shape_.pid ? '#' : letter == letters.end() ? '*' : letter->second);
  }
  take(cell.idle_ns, '.');
  take(cell.irq_ns, 'i');
  take(cell.offline_ns, 'x');
  return shown;
}

char TimelinePainter::cell_of(const std::map<Doing, std::uint64_t>& task) {
  constexpr char kShown[] = {'#', 'w', '-', 't', 'f'};
  const auto most =
      std::max_element(task.begin(), task.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == task.end() ? ' ' : kShown[static_cast<std::size_t>(most->first)];
}

Timeline TimelinePainter::finish(const TaskTable& last, std::uint64_t trace_end_ns) {
  pass(trace_end_ns, last);
  std::map<std::int32_t, std::uint64_t> ran;
  for (const Painted& column : painted_)
    for (const Cell& cell : column.cpus)
      for (const auto& [pid, time] : cell.ran) ran[pid] += time;
  std::vector<std::pair<std::int32_t, std::uint64_t>> most(ran.begin(), ran.end());
  std::erase_if(most, [this](const auto& one) { return one.first == shape_.pid; });
  std::stable_sort(most.begin(), most.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  Timeline made{.from_ns = shape_.from_ns, .to_ns = shape_.to_ns, .columns = shape_.columns};
  std::map<std::int32_t, char> letters;
  for (const auto& [pid, time] : most) {
    if (letters.size() == kMostLetters) break;
    const char letter = static_cast<char>('A' + letters.size());
    letters[pid] = letter;
    const auto name = names_.find(pid);
    made.legend.push_back({letter, pid, name == names_.end() ? task_text(pid, last) : name->second, time});
  }
  for (std::size_t i = 0; i < shape_.cpus.size(); ++i) {
    Timeline::Row row{.cpu = shape_.cpus[i]};
    for (const Painted& column : painted_) row.cells += cell_of(column.cpus[i], letters);
    made.rows.push_back(std::move(row));
  }
  if (shape_.pid != 0)
    for (const Painted& column : painted_) made.task_cells += cell_of(column.task);
  // Those that had most of no column are in no row.
  std::erase_if(made.legend, [&](const Timeline::Letter& one) {
    return std::none_of(made.rows.begin(), made.rows.end(),
                        [&](const auto& row) { return row.cells.find(one.letter) != std::string::npos; });
  });
  return made;
}

}  // namespace ktstr
