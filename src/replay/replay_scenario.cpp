// SPDX-License-Identifier: Apache-2.0
#include "replay/replay_scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text/digit.h"
#include "base/text/duration.h"
#include "replay/replay_text.h"
#include "workload/types/replay_tasks.h"

namespace ktstr {

namespace {

constexpr std::uint64_t kNsOfMs = 1'000'000, kNsOfS = 1'000'000'000;
constexpr std::uint64_t kLongestPeriod = 3600 * kNsOfS;

// Of letters and digits and little else.
std::string scenario_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    name += is_letter || is_digit(c) || c == '_' || c == '-' || c == '.' ? c : '_';
  }
  return name.empty() ? "replay" : name;
}

std::string short_time(std::uint64_t ns) { return format_duration(std::chrono::microseconds(ns / 1000)); }

struct Stretch {
  std::uint64_t from_ns = 0, to_ns = 0;
};

Result<Stretch> stretch_of(const Recording& recording, const ReplayScenarioOptions& options) {
  const std::uint64_t zero = options.zero_ns.value_or(recording.events.front().time_ns);
  const std::uint64_t end = options.end_ns.value_or(recording.events.back().time_ns);
  const auto at = [&](double seconds) { return zero + static_cast<std::uint64_t>(std::llround(seconds * 1e9)); };
  const Stretch asked{options.from_s ? at(*options.from_s) : zero,
                      options.to_s ? std::min(end, at(*options.to_s)) : end};
  if (asked.from_ns < asked.to_ns) return asked;
  return fail(ErrorCode::kInvalidArgument, "nothing is left between --from and --to: the recording is {} long",
              short_time(end > zero ? end - zero : 0));
}

bool is_asked_for(const std::vector<std::string>& asked, std::int32_t pid, const std::string& name) {
  return std::any_of(asked.begin(), asked.end(),
                     [&](const std::string& each) { return each == name || each == fmt::format("{}", pid); });
}

struct Choice {
  std::vector<std::int32_t> pids;  // most CPU time first
  std::size_t of = 0;              // tasks in all that did something
  std::uint64_t ran_ns = 0, all_ran_ns = 0;
};

Choice choose(const Recording& recording, const History& history, const ReplayScenarioOptions& options) {
  Choice choice;
  for (const auto& [pid, task] : history.tasks) {
    const auto name = recording.names.find(pid);
    const bool wanted = options.tasks.empty()
                            ? recording.worth.empty() || recording.worth.contains(pid)
                            : is_asked_for(options.tasks, pid, name == recording.names.end() ? "" : name->second);
    if (!wanted || task.ran_ns == 0) continue;
    choice.pids.push_back(pid);
    choice.all_ran_ns += task.ran_ns;
  }
  choice.of = choice.pids.size();
  std::stable_sort(choice.pids.begin(), choice.pids.end(), [&](std::int32_t a, std::int32_t b) {
    return history.tasks.at(a).ran_ns > history.tasks.at(b).ran_ns;
  });
  choice.pids.resize(std::min({choice.of, options.most_tasks, Replay::kMostTasks}));
  for (const std::int32_t pid : choice.pids) choice.ran_ns += history.tasks.at(pid).ran_ns;
  return choice;
}

std::size_t phases_in(const ReplayedTasks& replayed) {
  std::size_t phases = 0;
  for (const ReplayTask& task : replayed.tasks) phases += task.phases.size();
  return phases;
}

// A task as a text, or in lines of some width as an array of texts.
std::string task_in_toml(const ReplayTask& task) {
  constexpr std::size_t kWidth = 108;
  const std::string text = show_replay_tasks({task});
  if (text.size() <= kWidth) return fmt::format("  \"{}\",\n", text);
  std::string lines = "  [\n";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.size() - at <= kWidth ? text.size() : text.rfind('+', at + kWidth);
    lines += fmt::format("    \"{}\",\n", text.substr(at, end - at));
    at = end + 1;
  }
  return lines + "  ],\n";
}

// A whole number of periods, a second at least, and some more for the last loop to end in.
std::uint64_t duration_of(std::uint64_t period_ns) {
  constexpr std::uint64_t kLeastMore = 20 * kNsOfMs;
  const std::uint64_t periods = (kNsOfS + period_ns - 1) / period_ns;
  return periods * period_ns + std::max(kLeastMore, period_ns / 20 / kNsOfMs * kNsOfMs);
}

class ScenarioMaker {
 public:
  ScenarioMaker(const Recording& recording, const ReplayScenarioOptions& options)
      : recording_(recording), options_(options) {}

  Result<ReplayScenario> make() {
    made_.notes = recording_.notes;
    KTSTR_TRY_ASSIGN(stretch_, stretch_of(recording_, options_));
    if (stretch_.to_ns - stretch_.from_ns > kLongestPeriod) cut(kLongestPeriod, "a period is an hour at most");
    // Fewer phases are not always in proportion to the time: again until they fit.
    for (;;) {
      history_ = history_of(recording_, stretch_.from_ns, stretch_.to_ns);
      choice_ = choose(recording_, history_, options_);
      replayed_ = replayed_tasks_of(history_, choice_.pids, recording_.names);
      const std::size_t phases = phases_in(replayed_);
      if (phases <= Replay::kMostPhases) break;
      const double part = 0.98 * static_cast<double>(Replay::kMostPhases) / static_cast<double>(phases);
      cut(static_cast<std::uint64_t>(part * static_cast<double>(stretch_.to_ns - stretch_.from_ns)),
          fmt::format("a Replay has {} phases at most", Replay::kMostPhases));
    }
    if (replayed_.tasks.empty()) return nothing_left();
    add_notes();
    made_.toml = text();
    return std::move(made_);
  }

 private:
  void cut(std::uint64_t ns, std::string why) {
    stretch_.to_ns = stretch_.from_ns + std::max<std::uint64_t>(1, ns);
    why_cut_ = std::move(why);
  }

  Error nothing_left() const {
    if (options_.tasks.empty())
      return fail(ErrorCode::kInvalidArgument, "no task ran in the {} from {} on", short_time(length()), begin());
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("no task that is asked for ran in the {} from {} on", short_time(length()), begin()))
        .with_hint("--task takes a task's whole name as the trace has it, or its pid");
  }

  std::uint64_t length() const { return stretch_.to_ns - stretch_.from_ns; }
  // In seconds, as --from takes it.
  std::string begin() const {
    const std::uint64_t zero = options_.zero_ns.value_or(recording_.events.front().time_ns);
    return fmt::format("{:.6g} s", static_cast<double>(stretch_.from_ns - std::min(zero, stretch_.from_ns)) / 1e9);
  }
  std::uint64_t period_ns() const { return (length() + kNsOfMs - 1) / kNsOfMs * kNsOfMs; }
  std::string share() const {
    const double whole = static_cast<double>(std::max<std::uint64_t>(1, choice_.all_ran_ns));
    return fmt::format("{:.1f}%", 100.0 * static_cast<double>(choice_.ran_ns) / whole);
  }

  void note(std::string text) { made_.notes.push_back(std::move(text)); }
  void add_notes() {
    if (!why_cut_.empty())
      note(fmt::format("only {} from {} on are taken: {}", short_time(length()), begin(), why_cut_));
    if (recording_.losses > 0)
      note(fmt::format("events were lost in {} places of the recording: what happened there is missing",
                       recording_.losses));
    else if (history_.holes > 0)
      note(fmt::format("in {} places the recording does not say who ran: events were lost, or some CPUs are missing",
                       history_.holes));
    if (choice_.of > replayed_.tasks.size())
      note(fmt::format("{} of {} tasks are left out, with what they had of the CPU time; {} are taken, with {} of it",
                       choice_.of - replayed_.tasks.size(), choice_.of, replayed_.tasks.size(), share()));
    if (replayed_.timed > 0)
      note(fmt::format("{} of {} sleeps end by time: nobody knows who woke the task, or that one is left out",
                       replayed_.timed, replayed_.timed + replayed_.waits));
    if (replayed_.waits > 0 && !recording_.knows_interrupts)
      note(fmt::format("it does not say what interrupts have woken: some of the {} waits for a task may be none",
                       replayed_.waits));
    if (replayed_.out_of_range > 0)
      note(fmt::format("{} tasks have priorities that are the harness's own, or a deadline; they are fifo 97 or 1 here",
                       replayed_.out_of_range));
  }

  std::string text() const {
    const std::uint64_t period = period_ns();
    std::string out = fmt::format("# {} of a recording, from {} on: {} of {} tasks, with {} of the CPU time.\n",
                                  short_time(length()), begin(), replayed_.tasks.size(), choice_.of, share());
    out += fmt::format("name = \"{}\"\n", scenario_name(options_.name));
    if (options_.topology)
      out += fmt::format("topology = \"{}\"\n", *options_.topology);
    else
      out += fmt::format("topology = \"1n1l{}c1t\"  # as many CPUs as the recording has\n",
                         std::clamp<std::size_t>(recording_.cpus(), 1, kMostCpusOfGuest));
    out += fmt::format("duration = \"{}\"\n\n[[cgroup]]\nname = \"replay\"\n\n[[cgroup.work]]\ntype = \"Replay\"\n",
                       format_duration(std::chrono::nanoseconds(duration_of(period))));
    out += fmt::format("period = \"{}\"\ntasks = [\n", format_duration(std::chrono::nanoseconds(period)));
    for (std::size_t i = 0; i < replayed_.tasks.size(); ++i) {
      const std::int32_t pid = replayed_.pids[i];
      const TaskHistory& task = history_.tasks.at(pid);
      out += fmt::format("  # task {}: pid {}, {} of CPU time, {} wake-ups\n", i, pid, short_time(task.ran_ns),
                         task.wakeups);
      out += task_in_toml(replayed_.tasks[i]);
    }
    return out + "]\n";
  }

  static constexpr std::size_t kMostCpusOfGuest = 252;
  const Recording& recording_;
  const ReplayScenarioOptions& options_;
  ReplayScenario made_;
  Stretch stretch_;
  std::string why_cut_;
  History history_;
  Choice choice_;
  ReplayedTasks replayed_;
};

}  // namespace

Result<ReplayScenario> replay_scenario(const Recording& recording, const ReplayScenarioOptions& options) {
  return ScenarioMaker(recording, options).make();
}

}  // namespace ktstr
