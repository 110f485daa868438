// SPDX-License-Identifier: Apache-2.0
#include "replay/sched_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text/digit.h"
#include "base/text/trimmed.h"

namespace ktstr {

namespace {

enum class LineKind : std::uint8_t { kSwitch, kWaking, kWakeup, kEnter, kLeave };  // the last two: an interrupt

struct LineOfEvent {
  LineKind kind = LineKind::kSwitch;
  std::string_view head, payload;  // what stands before and after the event's name
};

// perf has the event's system in front: "12345.678901: sched:".
std::string_view without_system(std::string_view head) {
  const std::size_t space = head.rfind(' ');
  const std::string_view last = head.substr(space == std::string_view::npos ? 0 : space + 1);
  return last.empty() || is_digit(last.front()) ? head : trimmed(head.substr(0, head.size() - last.size()));
}

// None for a line about something else.
std::optional<LineOfEvent> event_in(std::string_view line) {
  constexpr std::pair<std::string_view, LineKind> kNames[] = {
      {"sched_switch:", LineKind::kSwitch},        {"sched_waking:", LineKind::kWaking},
      {"sched_wakeup:", LineKind::kWakeup},        {"sched_wakeup_new:", LineKind::kWakeup},
      {"local_timer_entry:", LineKind::kEnter},    {"local_timer_exit:", LineKind::kLeave},
      {"hrtimer_expire_entry:", LineKind::kEnter}, {"hrtimer_expire_exit:", LineKind::kLeave},
      {"irq_handler_entry:", LineKind::kEnter},    {"irq_handler_exit:", LineKind::kLeave},
      {"softirq_entry:", LineKind::kEnter},        {"softirq_exit:", LineKind::kLeave}};
  if (line.starts_with('#')) return {};
  for (const auto& [name, kind] : kNames) {
    const std::size_t at = line.find(name);
    if (at == std::string_view::npos) continue;
    return LineOfEvent{kind, without_system(trimmed(line.substr(0, at))), trimmed(line.substr(at + name.size()))};
  }
  return {};
}

template <typename Number>
std::optional<Number> whole_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

// "12345.678901", with up to nine digits after the dot.
std::optional<std::uint64_t> nanoseconds_of(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || text.size() - dot > 10) return {};
  const auto seconds = whole_number<std::uint32_t>(text.substr(0, dot));
  const auto fraction = whole_number<std::uint64_t>(text.substr(dot + 1));
  if (!seconds || !fraction) return {};
  std::uint64_t ns = *fraction;
  for (std::size_t digits = text.size() - dot - 1; digits < 9; ++digits) ns *= 10;
  return *seconds * std::uint64_t{1'000'000'000} + ns;
}

// "comm-123  [002] d.h2.  12345.678901:": the time, the CPU, and the flags of where the kernel was, if there are any.
bool read_head(std::string_view head, RecordedEvent& event, bool& has_flags) {
  if (!head.ends_with(':')) return false;
  head.remove_suffix(1);
  const std::size_t open = head.rfind('['), close = head.rfind(']');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return false;
  const auto cpu = whole_number<std::uint16_t>(head.substr(open + 1, close - open - 1));
  const std::string_view rest = trimmed(head.substr(close + 1));
  const std::size_t space = rest.rfind(' ');
  const std::string_view flags = space == std::string_view::npos ? std::string_view() : trimmed(rest.substr(0, space));
  const auto time = nanoseconds_of(rest.substr(space == std::string_view::npos ? 0 : space + 1));
  if (!cpu || !time) return false;
  event.cpu = *cpu;
  event.time_ns = *time;
  has_flags = has_flags || flags.size() >= 4;
  // The third one: h or H an interrupt, s a soft one, z or Z an NMI.
  event.by_task = flags.size() < 4 || std::string_view("hHszZ").find(flags[2]) == std::string_view::npos;
  return true;
}

struct NamedTask {
  std::string_view comm;
  std::int32_t pid = 0, priority = kNoPriority;
};

// "comm=a b pid=12 prio=120 ...", with `before` in front of each key.
std::optional<NamedTask> task_of_keys(std::string_view text, std::string_view before) {
  const std::string comm_key = fmt::format("{}comm=", before), pid_key = fmt::format(" {}pid=", before),
                    priority_key = fmt::format(" {}prio=", before);
  const std::size_t comm = text.find(comm_key), pid = text.find(pid_key);
  if (comm == std::string_view::npos || pid == std::string_view::npos || pid < comm + comm_key.size()) return {};
  const auto value_at = [&](std::size_t at) { return text.substr(at, text.find(' ', at) - at); };
  const auto number = whole_number<std::int32_t>(value_at(pid + pid_key.size()));
  if (!number || *number < 0) return {};
  NamedTask task{text.substr(comm + comm_key.size(), pid - comm - comm_key.size()), *number, kNoPriority};
  if (const std::size_t priority = text.find(priority_key, pid); priority != std::string_view::npos)
    task.priority = whole_number<std::int32_t>(value_at(priority + priority_key.size())).value_or(kNoPriority);
  return task;
}

// "a b:12 [120]", and what comes after it.
std::optional<NamedTask> task_in_short(std::string_view text, std::string_view& rest) {
  const std::size_t open = text.rfind(" ["), close = text.find(']', open);
  if (open == std::string_view::npos || close == std::string_view::npos) return {};
  const std::string_view front = text.substr(0, open);
  const std::size_t colon = front.rfind(':');
  if (colon == std::string_view::npos) return {};
  const auto pid = whole_number<std::int32_t>(front.substr(colon + 1));
  const auto priority = whole_number<std::int32_t>(text.substr(open + 2, close - open - 2));
  if (!pid || *pid < 0 || !priority) return {};
  rest = trimmed(text.substr(close + 1));
  return NamedTask{front.substr(0, colon), *pid, *priority};
}

class TextReader {
 public:
  Status line(std::string_view text) {
    ++number_;
    if (text.find("EVENTS") != std::string_view::npos || text.find("PERF_RECORD_LOST") != std::string_view::npos)
      recording_.losses +=
          text.find("LOST") != std::string_view::npos || text.find("DROPPED") != std::string_view::npos;
    const auto found = event_in(text);
    if (!found) return ok();
    RecordedEvent event;
    if (found->kind == LineKind::kEnter || found->kind == LineKind::kLeave) {
      // What enters may have begun before the recording.
      if (!read_head(found->head, event, recording_.knows_interrupts)) return ok();
      recording_.knows_interrupts = true;
      int& depth = interrupts_[event.cpu];
      depth = found->kind == LineKind::kEnter ? depth + 1 : std::max(0, depth - 1);
      return ok();
    }
    const bool sound = read_head(found->head, event, recording_.knows_interrupts) &&
                       (found->kind == LineKind::kSwitch ? read_switch(found->payload, event)
                                                         : read_wakeup(found->payload, found->kind, event));
    if (sound) return recording_.add(event);
    if (broken_++ == 0) first_broken_ = number_;
    return ok();
  }

  Result<Recording> finish() {
    if (recording_.events.empty() && broken_ > 0)
      return fail(ErrorCode::kInvalidArgument, "line {}: cannot be read, nor can any other line of sched_switch",
                  first_broken_)
          .with_hint("lines are taken as perf script, trace-cmd report and ftrace print them, with CPU and time");
    if (broken_ > 0)
      recording_.notes.push_back(
          fmt::format("line {}: cannot be read{}", first_broken_,
                      broken_ > 1 ? fmt::format(", nor can {} others of scheduling events", broken_ - 1) : ""));
    // sched_wakeup is recorded on the CPU of the woken task, where another task may run.
    if (has_waking_)
      for (RecordedEvent& event : recording_.events)
        if (event.kind == RecordedEvent::Kind::kWakeup && event.sleeps) event.by_task = false;
    for (RecordedEvent& event : recording_.events)
      if (event.kind == RecordedEvent::Kind::kWakeup) event.sleeps = false;
    KTSTR_TRY(recording_.finish());
    return std::move(recording_);
  }

 private:
  void note(const NamedTask& task) { recording_.name(task.pid, task.comm); }

  bool read_switch(std::string_view payload, RecordedEvent& event) {
    constexpr std::string_view kArrow = " ==> ";
    const std::size_t arrow = payload.find(kArrow);
    if (arrow == std::string_view::npos) return false;
    const std::string_view left = payload.substr(0, arrow), right = payload.substr(arrow + kArrow.size());
    constexpr std::string_view kState = " prev_state=";
    std::string_view state, nothing;
    std::optional<NamedTask> prev = task_of_keys(left, "prev_");
    if (prev) {
      const std::size_t at = left.rfind(kState);
      if (at == std::string_view::npos) return false;
      state = left.substr(at + kState.size());
    } else {
      prev = task_in_short(left, state);
    }
    std::optional<NamedTask> next = task_of_keys(right, "next_");
    if (!next) next = task_in_short(right, nothing);
    if (!prev || !next || state.empty()) return false;
    note(*prev);
    note(*next);
    interrupts_.erase(event.cpu);  // none switches tasks: an end was lost
    event.kind = RecordedEvent::Kind::kSwitch;
    event.by_task = false;
    event.sleeps = state.front() != 'R';
    event.from = prev->pid;
    event.to = next->pid;
    event.priority = next->priority;
    return true;
  }

  // Until finish() knows whether there are both, `sleeps` says that it is a wakeup and no waking.
  bool read_wakeup(std::string_view payload, LineKind kind, RecordedEvent& event) {
    std::string_view rest;
    std::optional<NamedTask> woken = task_of_keys(payload, "");
    if (!woken) woken = task_in_short(payload, rest);
    if (!woken) return false;
    note(*woken);
    if (const auto depth = interrupts_.find(event.cpu); depth != interrupts_.end() && depth->second > 0)
      event.by_task = false;
    event.kind = RecordedEvent::Kind::kWakeup;
    event.sleeps = kind == LineKind::kWakeup;
    has_waking_ = has_waking_ || kind == LineKind::kWaking;
    event.to = woken->pid;
    event.priority = woken->priority;
    return true;
  }

  Recording recording_;
  std::unordered_map<std::uint16_t, int> interrupts_;  // how deep a CPU is in them
  std::size_t number_ = 0, broken_ = 0, first_broken_ = 0;
  bool has_waking_ = false;
};

}  // namespace

Result<Recording> read_sched_text(std::string_view text) {
  TextReader reader;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    KTSTR_TRY(reader.line(line));
  }
  return reader.finish();
}

}  // namespace ktstr
