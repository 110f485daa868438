// SPDX-License-Identifier: Apache-2.0
#include "trace/export/trace_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>

#include "trace/story/event_words.h"
#include "trace/task_table.h"

namespace ktstr {

namespace {

constexpr std::size_t kPartBytes = 64 << 10;  // given on at once

constexpr std::string_view kColumns =
    "              time    cpu  task name                        wait time  sch delay   run time\n"
    "                           [tid/pid]                           (msec)     (msec)     (msec)\n"
    "------------------ ------  ------------------------------  ----------  ---------  ---------\n";

// Lines from events, gathered into parts.
template <typename Line>
Status export_lines(TraceReader& reader, const TraceSink& sink, std::string part, Line&& line) {
  for (;;) {
    KTSTR_TRY_ASSIGN(const std::optional<TraceEvent> event, reader.next());
    if (event) part += line(*event);
    if (!event || part.size() >= kPartBytes) {
      KTSTR_TRY(sink(part));
      part.clear();
    }
    if (!event) return ok();
  }
}

class TimeHistory {
 public:
  // Empty for an event by which no task leaves a CPU and that the user has not asked for.
  std::string line(const TraceEvent& event) {
    std::string text;
    if (event.kind == TraceKind::kSwitch) text = switched(event);
    if (event.kind == TraceKind::kProbe) text = probed(event);
    const TaskChange change = tasks_.follow(event);
    if (change.is_wakeup) waits_[event_as<trace::Enqueue>(event).pid].woken_ns = event.time_ns;
    if (change.gone) waits_.erase(*change.gone);
    if (event.kind == TraceKind::kFork) waits_.erase(event_as<trace::Fork>(event).pid);
    return text;
  }

 private:
  using Time = std::optional<std::uint64_t>;
  struct Waits {
    Time out_ns, woken_ns;
  };
  struct Runs {
    std::uint64_t since_ns = 0;
    Time waited_ns, delayed_ns;
  };

  std::string switched(const TraceEvent& event) {
    if (is_hole(event)) {
      runs_.erase(event.cpu);
      return fmt::format("{:>8}.{:09} [{:04}]  events were lost\n", event.time_ns / 1'000'000'000,
                         event.time_ns % 1'000'000'000, event.cpu);
    }
    const auto change = event_as<trace::Switch>(event);
    const auto found = runs_.find(event.cpu);
    const Runs run = found == runs_.end() ? Runs{} : found->second;
    const Time ran = found == runs_.end() ? Time() : Time(event.time_ns - run.since_ns);
    std::string text = fmt::format("{:>8}.{:09} [{:04}]  {:<30}  {:>10}  {:>9}  {:>9}\n", event.time_ns / 1'000'000'000,
                                   event.time_ns % 1'000'000'000, event.cpu, name(change.prev), shown(run.waited_ns),
                                   shown(run.delayed_ns), shown(ran));
    if (change.prev != 0) waits_[change.prev] = {.out_ns = event.time_ns, .woken_ns = {}};
    Runs& next = runs_[event.cpu];
    next = {.since_ns = event.time_ns, .waited_ns = {}, .delayed_ns = {}};
    const auto waited = waits_.find(change.next);
    if (change.next == 0 || waited == waits_.end()) return text;
    if (waited->second.out_ns) next.waited_ns = event.time_ns - *waited->second.out_ns;
    // Who was not woken was ready all the time: preempted, which perf counts as wait only.
    next.delayed_ns = waited->second.woken_ns ? event.time_ns - *waited->second.woken_ns : 0;
    return text;
  }

  std::string probed(const TraceEvent& event) const {
    return fmt::format("{:>8}.{:09} [{:04}]  {:<30}  {}\n", event.time_ns / 1'000'000'000,
                       event.time_ns % 1'000'000'000, event.cpu, name(tasks_.running(event.cpu)),
                       probe_text(event, tasks_));
  }

  std::string name(std::int32_t pid) const {
    if (pid == 0) return "<idle>";
    const TracedTask* const task = tasks_.task(pid);
    if (task == nullptr || task->tgid == 0) return fmt::format("?[{}]", pid);
    return task->tgid == pid ? fmt::format("{}[{}]", task->comm, pid)
                             : fmt::format("{}[{}/{}]", task->comm, pid, task->tgid);
  }

  static std::string shown(Time time) {
    return time ? fmt::format("{}.{:03}", *time / 1'000'000, *time / 1'000 % 1'000) : "-";
  }

  TaskTable tasks_;
  std::unordered_map<std::int32_t, Waits> waits_;
  std::unordered_map<std::uint32_t, Runs> runs_;
};

// A guest's text, whatever its bytes are.
std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_value(const TraceEvent& event, std::size_t at, const TraceField& field) {
  if ((event.unreadable >> at & 1) != 0) return "null";
  if (field.is_text) return quoted(field_text(event, at, field));
  if (field.words == 1) return field_text(event, at, field);
  const auto first = event.values.begin() + static_cast<std::ptrdiff_t>(at);
  return fmt::format("[{}]", fmt::join(first, first + static_cast<std::ptrdiff_t>(field.words), ","));
}

}  // namespace

std::string json_line(const TraceEvent& event) {
  std::string line =
      fmt::format(R"({{"time_ns":{},"on_cpu":{},"kind":"{}")", event.time_ns, event.cpu, to_string(event.kind));
  std::size_t at = 0;
  for (const TraceField& field : trace_fields(event.kind)) {
    if (at + field.words > event.count) break;
    line += fmt::format(R"(,"{}":{})", field.name, json_value(event, at, field));
    at += field.words;
  }
  return line + "}\n";
}

Status export_text(TraceReader& reader, const TraceSink& sink) { return export_text(reader, sink, {}); }
Status export_json(TraceReader& reader, const TraceSink& sink) { return export_json(reader, sink, {}); }

Status export_text(TraceReader& reader, const TraceSink& sink, const TraceWindow& window) {
  TimeHistory history;
  return export_lines(reader, sink, std::string(kColumns), [&](const TraceEvent& event) {
    std::string line = history.line(event);
    return window.holds(event.time_ns) ? line : std::string();
  });
}

Status export_json(TraceReader& reader, const TraceSink& sink, const TraceWindow& window) {
  return export_lines(reader, sink, "", [&](const TraceEvent& event) {
    return window.holds(event.time_ns) ? json_line(event) : std::string();
  });
}

}  // namespace ktstr
