// SPDX-License-Identifier: Apache-2.0
#include "workload/types/replay_tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text/duration.h"

namespace ktstr {

namespace {

using ReplayKind = ReplayPhase::Kind;

constexpr std::size_t kLongestTaskName = 15;  // TASK_COMM_LEN - 1
constexpr std::uint32_t kHighestFifo = 97;    // the harness itself has those above
constexpr std::chrono::nanoseconds kLongestReplayPhase = std::chrono::hours(1);

std::string_view next_part(std::string_view& rest, char end) {
  const std::string_view part = rest.substr(0, rest.find(end));
  rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  return part;
}

// Of a text that may be as long as a recording.
std::string cut_part(std::string_view text) {
  constexpr std::size_t kMost = 40;
  std::string cut(text.substr(0, kMost));
  if (text.size() > kMost) cut.append("...");
  return cut;
}

template <typename Number>
bool read_whole(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestTaskName && std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) >= ' ' && c != '\x7f' &&
           std::string_view("+|,()\"\\").find(c) == std::string_view::npos;
  });
}

// What a task is; false for what is none of that.
Result<bool> read_attribute_of(std::string_view key, std::string_view value, ReplayTask& task) {
  if (key == "name") {
    task.name = value;
    if (is_name(value)) return true;
    return fail(ErrorCode::kInvalidArgument,
                "'{}' is no name of a task: 1 to {} bytes, none of them one of +|,()\"\\ or a control character",
                cut_part(value), kLongestTaskName);
  }
  if (key == "nice") {
    if (read_whole(value, task.nice.emplace()) && *task.nice >= -20 && *task.nice <= 19) return true;
    return fail(ErrorCode::kInvalidArgument, "'{}' is no nice value from -20 to 19", cut_part(value));
  }
  if (key == "fifo") {
    if (read_whole(value, task.fifo) && task.fifo >= 1 && task.fifo <= kHighestFifo) return true;
    return fail(ErrorCode::kInvalidArgument, "'{}' is no priority from 1 to {}", cut_part(value), kHighestFifo);
  }
  return false;
}

Result<ReplayPhase> read_phase_of(std::string_view part) {
  if (part == "wait") return ReplayPhase{.kind = ReplayKind::kWait};
  std::string_view value = part;
  const std::string_view key = next_part(value, ':');
  ReplayPhase phase;
  if (key == "run" || key == "sleep") {
    phase.kind = key == "run" ? ReplayKind::kRun : ReplayKind::kSleep;
    const auto length = parse_duration(value);
    if (!length) return fail(ErrorCode::kInvalidArgument, "'{}' has no time like 1ms or 20us", cut_part(part));
    phase.length = *length;
    return phase;
  }
  if (key == "wake" && read_whole(value, phase.task)) {
    phase.kind = ReplayKind::kWake;
    return phase;
  }
  return fail(ErrorCode::kInvalidArgument, "'{}' is not a phase like run:1ms, sleep:3ms, wake:1 or wait",
              cut_part(part));
}

Result<ReplayTask> read_task_of(std::string_view text) {
  ReplayTask task;
  while (!text.empty()) {
    const std::string_view part = next_part(text, '+');
    const std::string place = fmt::format("phase {}", task.phases.size());
    if (task.phases.empty()) {
      std::string_view value = part;
      const std::string_view key = next_part(value, ':');
      KTSTR_TRY_ASSIGN(const bool was_attribute, read_attribute_of(key, value, task));
      if (was_attribute) continue;
    }
    auto phase = read_phase_of(part);
    if (!phase) return std::move(phase).error().context(place);
    task.phases.push_back(*phase);
  }
  return task;
}

std::string show_phase(const ReplayPhase& phase) {
  switch (phase.kind) {
    case ReplayKind::kRun:
      return "run:" + format_duration(phase.length);
    case ReplayKind::kSleep:
      return "sleep:" + format_duration(phase.length);
    case ReplayKind::kWake:
      return fmt::format("wake:{}", phase.task);
    case ReplayKind::kWait:
      return "wait";
  }
  return "";
}

bool takes_time(const ReplayPhase& phase) { return phase.kind == ReplayKind::kRun || phase.kind == ReplayKind::kSleep; }

Status refuse_replay(std::string_view why) { return fail(ErrorCode::kInvalidArgument, "Replay: {}", why); }

// What can be said of a task alone.
Status check_alone(const ReplayTask& task, std::size_t number, std::size_t tasks) {
  if (!task.name.empty() && !is_name(task.name)) return refuse_replay(fmt::format("task {} has no valid name", number));
  if (task.nice && (*task.nice < -20 || *task.nice > 19))
    return refuse_replay(fmt::format("task {}: nice {} is not from -20 to 19", number, *task.nice));
  if (task.fifo > kHighestFifo)
    return refuse_replay(fmt::format("task {}: fifo {} is not from 1 to {}", number, task.fifo, kHighestFifo));
  bool may_end = false;
  for (std::size_t i = 0; i < task.phases.size(); ++i) {
    const ReplayPhase& phase = task.phases[i];
    const auto refuse = [&](std::string_view why) {
      return refuse_replay(fmt::format("task {}, phase {} ({}): {}", number, i, show_phase(phase), why));
    };
    if (takes_time(phase) && (phase.length.count() <= 0 || phase.length > kLongestReplayPhase))
      return refuse("its time must be longer than 0 and at most an hour");
    if (phase.kind == ReplayKind::kWake && phase.task >= tasks)
      return refuse(fmt::format("there is no task {}; there are {}, counted from 0", phase.task, tasks));
    may_end = may_end || phase.kind != ReplayKind::kWake;
  }
  if (may_end) return ok();
  return refuse_replay(fmt::format("task {} takes no time: it has no run, no sleep and no wait", number));
}

// A loop must leave no wake-up over, and lack none.
Status check_balance(const std::vector<ReplayTask>& tasks) {
  std::vector<std::size_t> woken(tasks.size()), waits(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i)
    for (const ReplayPhase& phase : tasks[i].phases) {
      if (phase.kind == ReplayKind::kWait) ++waits[i];
      if (phase.kind == ReplayKind::kWake) ++woken[phase.task];
    }
  for (std::size_t i = 0; i < tasks.size(); ++i)
    if (waits[i] != woken[i])
      return refuse_replay(fmt::format("task {} waits {} times a loop and is woken {} times: that cannot repeat", i,
                                       waits[i], woken[i]));
  return ok();
}

// Plays a loop of all tasks without time: each goes on as far as it can. In which order does not matter, since who is
// woken stays so; and where all come to the end of one loop, all is as it was.
Status check_ends(const std::vector<ReplayTask>& tasks) {
  std::vector<std::size_t> at(tasks.size()), tokens(tasks.size());
  std::vector<std::size_t> ready;
  for (std::size_t i = tasks.size(); i-- > 0;) ready.push_back(i);
  while (!ready.empty()) {
    const std::size_t number = ready.back();
    ready.pop_back();
    const std::vector<ReplayPhase>& phases = tasks[number].phases;
    for (; at[number] < phases.size(); ++at[number]) {
      const ReplayPhase& phase = phases[at[number]];
      if (phase.kind == ReplayKind::kWait && tokens[number] == 0) break;
      if (phase.kind == ReplayKind::kWait) --tokens[number];
      // Who has got as far as its wait goes on.
      if (phase.kind == ReplayKind::kWake && tokens[phase.task]++ == 0 && phase.task != number)
        ready.push_back(phase.task);
    }
  }
  std::string stuck;
  int named = 0;
  for (std::size_t i = 0; i < tasks.size() && named < 4; ++i)
    if (at[i] < tasks[i].phases.size())
      stuck += fmt::format("{}task {} in phase {}", named++ == 0 ? "" : ", ", i, at[i]);
  return stuck.empty() ? ok() : refuse_replay("these wait for each other without end: " + stuck);
}

}  // namespace

Result<std::vector<ReplayTask>> read_replay_tasks(std::string_view text) {
  std::vector<ReplayTask> tasks;
  do {
    const bool more = text.find('|') != std::string_view::npos;
    auto task = read_task_of(next_part(text, '|'));
    if (!task) return std::move(task).error().context(fmt::format("task {}", tasks.size()));
    tasks.push_back(*std::move(task));
    if (more && text.empty()) tasks.emplace_back();  // nothing after the last '|'
  } while (!text.empty());
  return tasks;
}

std::string show_replay_tasks(const std::vector<ReplayTask>& tasks) {
  std::string text;
  for (const ReplayTask& task : tasks) {
    std::string one;
    const auto add = [&](const std::string& part) { one += (one.empty() ? "" : "+") + part; };
    if (!task.name.empty()) add("name:" + task.name);
    if (task.nice) add(fmt::format("nice:{}", *task.nice));
    if (task.fifo != 0) add(fmt::format("fifo:{}", task.fifo));
    for (const ReplayPhase& phase : task.phases) add(show_phase(phase));
    text += (&task == tasks.data() ? "" : "|") + one;
  }
  return text;
}

Status check_replay(const Replay& replay) {
  const std::vector<ReplayTask>& tasks = replay.tasks;
  if (tasks.empty() || tasks.size() > Replay::kMostTasks)
    return refuse_replay(fmt::format("{} tasks; there must be 1 to {}", tasks.size(), Replay::kMostTasks));
  std::size_t phases = 0;
  bool any_time = false;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    KTSTR_TRY(check_alone(tasks[i], i, tasks.size()));
    phases += tasks[i].phases.size();
    any_time = any_time || std::any_of(tasks[i].phases.begin(), tasks[i].phases.end(), takes_time);
  }
  if (phases > Replay::kMostPhases)
    return refuse_replay(fmt::format("{} phases in all; there may be {}", phases, Replay::kMostPhases));
  if (!any_time) return refuse_replay("nothing takes time: there is no run and no sleep");
  KTSTR_TRY(check_balance(tasks));
  return check_ends(tasks);
}

}  // namespace ktstr
