// SPDX-License-Identifier: Apache-2.0
#include "replay/history.h"

#include <algorithm>

namespace ktstr {

namespace {

using HistoryKind = HistoryPhase::Kind;

class HistoryBuilder {
 public:
  HistoryBuilder(std::uint64_t from_ns, std::uint64_t to_ns, bool has_wakeups) : has_wakeups_(has_wakeups) {
    history_.from_ns = from_ns;
    history_.to_ns = to_ns;
  }

  void add(const RecordedEvent& event) {
    if (event.kind == RecordedEvent::Kind::kSwitch)
      on_switch(event);
    else
      on_wakeup(event);
  }

  History finish() {
    for (auto& [pid, now] : now_) {
      if (now.state == State::kRunning) end_run(pid, now, history_.to_ns);
      if (now.state == State::kAsleep) end_sleep(pid, now, history_.to_ns);
    }
    return std::move(history_);
  }

 private:
  enum class State : std::uint8_t { kUnknown, kAsleep, kReady, kRunning };
  struct Now {
    State state = State::kUnknown;
    std::uint64_t since_ns = 0;
    std::uint16_t cpu = 0;  // where it runs, or was last
  };

  // What of a stretch of time is in the part that is asked for.
  std::uint64_t within(std::uint64_t since_ns, std::uint64_t until_ns) const {
    const std::uint64_t since = std::max(since_ns, history_.from_ns), until = std::min(until_ns, history_.to_ns);
    return until > since ? until - since : 0;
  }

  TaskHistory& task(std::int32_t pid) {
    TaskHistory& made = history_.tasks[pid];
    made.pid = pid;
    return made;
  }

  void push(std::int32_t pid, HistoryKind kind, std::uint64_t ns, std::int32_t other = kNobodyKnown) {
    std::vector<HistoryPhase>& phases = task(pid).phases;
    const bool is_time = kind == HistoryKind::kRun || kind == HistoryKind::kSleep;
    if (is_time && ns == 0) return;
    if (is_time && !phases.empty() && phases.back().kind == kind)
      phases.back().ns += ns;
    else
      phases.push_back({kind, other, ns});
  }

  void end_run(std::int32_t pid, Now& now, std::uint64_t at_ns) {
    const std::uint64_t ns = within(now.since_ns, at_ns);
    task(pid).ran_ns += ns;
    push(pid, HistoryKind::kRun, ns);
    now.since_ns = at_ns;
  }

  void end_sleep(std::int32_t pid, const Now& now, std::uint64_t at_ns) {
    push(pid, HistoryKind::kSleep, within(now.since_ns, at_ns));
  }

  // Nothing was said of who has left, or nothing of how it came.
  void lose(std::int32_t pid, const RecordedEvent& event) {
    if (pid <= 0) return;
    Now& now = now_[pid];
    if (now.state == State::kRunning && now.cpu != event.cpu) return;  // it has left for there
    ++history_.holes;
    now = {State::kUnknown, event.time_ns, event.cpu};
  }

  void on_switch(const RecordedEvent& event) {
    const auto running = running_.find(event.cpu);
    std::int32_t from = event.from;
    if (from == kWhoeverRan) from = running == running_.end() ? kNobodyKnown : running->second;
    if (running != running_.end() && running->second != from) lose(running->second, event);
    if (from > 0) leave(from, event, running == running_.end());
    running_[event.cpu] = event.to;
    if (event.to > 0) come(event);
  }

  void leave(std::int32_t pid, const RecordedEvent& event, bool is_first_of_cpu) {
    Now& now = now_[pid];
    // Clocks of CPUs differ a little: it has come to the other before it has left this one.
    if (now.state == State::kRunning && now.cpu != event.cpu) return;
    // Who ran there when the recording began did so from then on.
    if (now.state == State::kUnknown && is_first_of_cpu) now = {State::kRunning, 0, event.cpu};
    if (now.state == State::kRunning)
      end_run(pid, now, event.time_ns);
    else
      ++history_.holes;
    now = {event.sleeps ? State::kAsleep : State::kReady, event.time_ns, event.cpu};
  }

  void come(const RecordedEvent& event) {
    Now& now = now_[event.to];
    if (event.priority != kNoPriority) {
      std::int32_t& priority = task(event.to).priority;
      priority = std::max(priority, event.priority);
    }
    if (now.state == State::kRunning) {
      end_run(event.to, now, event.time_ns);
      history_.holes += now.cpu == event.cpu;
    }
    // Nobody has said when it was woken. Where others are said to be, it was runnable all the time.
    if (now.state == State::kAsleep || (now.state == State::kUnknown && !has_wakeups_))
      end_sleep(event.to, now, event.time_ns);
    now = {State::kRunning, event.time_ns, event.cpu};
  }

  void on_wakeup(const RecordedEvent& event) {
    if (event.to <= 0) return;
    Now& now = now_[event.to];
    if (now.state == State::kRunning || now.state == State::kReady) return;
    if (event.time_ns >= history_.from_ns) ++task(event.to).wakeups;
    if (const std::int32_t waker = waker_of(event); waker > 0 && event.time_ns >= history_.from_ns) {
      end_run(waker, now_[waker], event.time_ns);
      push(waker, HistoryKind::kWake, 0, event.to);
      push(event.to, HistoryKind::kWait, within(now.since_ns, event.time_ns), waker);
    } else {
      end_sleep(event.to, now, event.time_ns);
    }
    now_[event.to] = {State::kReady, event.time_ns, event.cpu};
  }

  std::int32_t waker_of(const RecordedEvent& event) const {
    if (!event.by_task) return kNobodyKnown;
    const auto running = running_.find(event.cpu);
    if (running == running_.end() || running->second <= 0 || running->second == event.to) return kNobodyKnown;
    const auto waker = now_.find(running->second);
    return waker != now_.end() && waker->second.state == State::kRunning ? running->second : kNobodyKnown;
  }

  History history_;
  bool has_wakeups_;
  std::map<std::int32_t, Now> now_;
  std::map<std::uint16_t, std::int32_t> running_;
};

}  // namespace

History history_of(const Recording& recording, std::uint64_t from_ns, std::uint64_t to_ns) {
  const bool has_wakeups =
      std::any_of(recording.events.begin(), recording.events.end(),
                  [](const RecordedEvent& event) { return event.kind == RecordedEvent::Kind::kWakeup; });
  HistoryBuilder builder(from_ns, to_ns, has_wakeups);
  for (const RecordedEvent& event : recording.events) {
    if (event.time_ns > to_ns) break;
    builder.add(event);
  }
  return builder.finish();
}

}  // namespace ktstr
