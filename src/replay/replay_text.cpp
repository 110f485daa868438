// SPDX-License-Identifier: Apache-2.0
#include "replay/replay_text.h"

#include <algorithm>
#include <map>
#include <utility>

namespace ktstr {

namespace {

// Four digits.
std::int64_t rounding_unit(std::int64_t ns) {
  std::int64_t unit = 1'000;
  while (ns >= 10'000 * unit) unit *= 10;
  return unit;
}

// Times that add up.
class Rounding {
 public:
  // 0 for what is too short to be said.
  std::int64_t round(std::uint64_t exact_ns) {
    const std::int64_t ns = static_cast<std::int64_t>(exact_ns) + over_;
    const std::int64_t unit = rounding_unit(ns);
    const std::int64_t rounded = std::max<std::int64_t>(0, (ns + unit / 2) / unit * unit);
    over_ = ns - rounded;
    return rounded;
  }

 private:
  std::int64_t over_ = 0;
};

std::string task_name_of(const std::string& comm) {
  std::string name = comm.substr(0, 15);
  for (char& c : name)
    if (static_cast<unsigned char>(c) < ' ' || static_cast<unsigned char>(c) >= 0x7f ||
        std::string_view("+|,()\"\\").find(c) != std::string_view::npos)
      c = '_';
  return name;
}

class TaskComposer {
 public:
  TaskComposer(const std::map<std::int32_t, std::uint32_t>& numbers, ReplayedTasks& all)
      : numbers_(numbers), all_(all) {}

  std::vector<ReplayPhase> compose(const std::vector<HistoryPhase>& phases) {
    for (const HistoryPhase& phase : phases) add(phase);
    flush_run();  // and no sleep
    // Somebody counts on its wake-ups.
    const bool is_for_nothing = std::all_of(phases_.begin(), phases_.end(), [](const ReplayPhase& phase) {
      return phase.kind == ReplayPhase::Kind::kWake;
    });
    if (is_for_nothing && !phases_.empty())
      phases_.insert(phases_.begin(), {ReplayPhase::Kind::kRun, 0, std::chrono::microseconds(1)});
    return std::move(phases_);
  }

 private:
  void add(const HistoryPhase& phase) {
    const auto other = numbers_.find(phase.other);
    switch (phase.kind) {
      case HistoryPhase::Kind::kRun:
        flush_sleep();
        run_ns_ += phase.ns;
        break;
      case HistoryPhase::Kind::kWake:
        if (other == numbers_.end()) break;
        flush_sleep();
        flush_run();
        phases_.push_back({ReplayPhase::Kind::kWake, other->second, {}});
        break;
      case HistoryPhase::Kind::kSleep:
        sleep(phase.ns);
        break;
      case HistoryPhase::Kind::kWait:
        if (other == numbers_.end()) {
          sleep(phase.ns);
          break;
        }
        ++all_.waits;
        flush_sleep();
        flush_run();
        phases_.push_back({ReplayPhase::Kind::kWait, 0, {}});
        break;
    }
  }

  void sleep(std::uint64_t ns) {
    flush_run();
    ++slept_;
    sleep_ns_ += ns;
  }
  void flush_run() { flush(run_ns_, runs_, ReplayPhase::Kind::kRun); }
  void flush_sleep() {
    all_.timed += std::exchange(slept_, 0);
    flush(sleep_ns_, sleeps_, ReplayPhase::Kind::kSleep);
  }
  // What is longer than a phase may be becomes several.
  void flush(std::uint64_t& ns, Rounding& rounding, ReplayPhase::Kind kind) {
    constexpr std::chrono::nanoseconds kLongest = std::chrono::hours(1);
    std::chrono::nanoseconds left(rounding.round(std::exchange(ns, 0)));
    for (; left.count() > 0; left -= std::min(left, kLongest)) {
      const auto part = std::min(left, kLongest);
      // A sleep between two runs that was too short to be said: they are one.
      if (!phases_.empty() && phases_.back().kind == kind && phases_.back().length + part <= kLongest)
        phases_.back().length += part;
      else
        phases_.push_back({kind, 0, part});
    }
  }

  const std::map<std::int32_t, std::uint32_t>& numbers_;
  ReplayedTasks& all_;
  std::vector<ReplayPhase> phases_;
  std::uint64_t run_ns_ = 0, sleep_ns_ = 0;
  std::size_t slept_ = 0;  // sleeps in that
  Rounding runs_, sleeps_;
};

// Below 100 real-time: 99 is priority 0 of no policy, 98 priority 1. Deadline tasks have -1.
void set_priority(std::int32_t priority, ReplayTask& task, ReplayedTasks& all) {
  constexpr std::int32_t kNice0 = 120, kLowestRealTime = 99, kHighest = 97;
  if (priority == kNoPriority || priority == kNice0 || priority > kNice0 + 19) return;
  if (priority > kLowestRealTime) {
    task.nice = priority - kNice0;
    return;
  }
  const std::int32_t fifo = kLowestRealTime - priority;
  if (fifo > kHighest || fifo < 1) ++all.out_of_range;
  task.fifo = static_cast<std::uint32_t>(std::clamp(fifo, 1, kHighest));
}

}  // namespace

ReplayedTasks replayed_tasks_of(const History& history, const std::vector<std::int32_t>& chosen,
                                const std::unordered_map<std::int32_t, std::string>& names) {
  std::vector<std::int32_t> left = chosen;
  for (;;) {
    ReplayedTasks all;
    std::map<std::int32_t, std::uint32_t> numbers;
    for (const std::int32_t pid : left) numbers.emplace(pid, static_cast<std::uint32_t>(numbers.size()));
    for (const std::int32_t pid : left) {
      const TaskHistory& past = history.tasks.at(pid);
      ReplayTask task{.phases = TaskComposer(numbers, all).compose(past.phases)};
      if (task.phases.empty()) continue;
      if (const auto name = names.find(pid); name != names.end()) task.name = task_name_of(name->second);
      set_priority(past.priority, task, all);
      all.tasks.push_back(std::move(task));
      all.pids.push_back(pid);
    }
    // Nobody wakes one that does nothing, but it has a number.
    if (all.pids.size() == left.size()) return all;
    left = all.pids;
  }
}

}  // namespace ktstr
