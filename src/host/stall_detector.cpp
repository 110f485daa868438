// SPDX-License-Identifier: Apache-2.0
#include "host/stall_detector.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/text/duration.h"
#include "base/text/trimmed.h"

namespace ktstr {

namespace {

using std::chrono::nanoseconds;

// The value of "name   :   value" on a line of its own; empty where there is none.
std::string_view value_of(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && trimmed(line.substr(0, colon)) == name)
      return trimmed(line.substr(colon + 1));
  }
  return {};
}

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

// "12.345678": milliseconds with a fraction of six digits (SPLIT_NS of kernel/sched/debug.c).
std::optional<nanoseconds> split_ns(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || text.size() - dot - 1 != 6) return {};
  const auto ms = number_in<std::int64_t>(text.substr(0, dot));
  const auto ns = number_in<std::uint32_t>(text.substr(dot + 1));
  if (!ms || !ns || *ms < 0 || *ms > INT64_MAX / 1'000'000 - 1) return {};
  return std::chrono::milliseconds(*ms) + nanoseconds(*ns);
}

// Fields of /proc/PID/stat after the name, which may hold anything (proc_pid_stat(5)): state is 3, start time is 22.
struct Stat {
  char state;
  std::uint64_t start_time;
};
std::optional<Stat> parse_stat(std::string_view text) {
  const std::size_t end_of_comm = text.rfind(')');
  if (end_of_comm == std::string_view::npos) return {};
  std::string_view rest = trimmed(text.substr(end_of_comm + 1));
  if (rest.empty()) return {};
  const char state = rest.front();
  for (int field = 3; field < 22; ++field) {
    const std::size_t space = rest.find(' ');
    if (space == std::string_view::npos) return {};
    rest.remove_prefix(space + 1);
  }
  const auto start_time = number_in<std::uint64_t>(rest.substr(0, rest.find(' ')));
  if (!start_time) return {};
  return Stat{state, *start_time};
}

// The line "0::/path" of /proc/PID/cgroup.
std::string unified_cgroup(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.starts_with("0::")) return std::string(line.substr(3));
  }
  return "?";
}

std::string or_unknown(const std::string& text) { return text.empty() ? "?" : text; }

bool same_progress(const StallSample& a, const StallSample& b) {
  return a.nr_switches == b.nr_switches && a.exec_runtime == b.exec_runtime;
}

// "+3 switches, +1.5ms of run time in 2s"
std::string delta(const StallSample& from, const StallSample& to) {
  return fmt::format("+{} switches, +{} of run time in {}", to.nr_switches - from.nr_switches,
                     format_duration(to.exec_runtime - from.exec_runtime), format_duration(to.at - from.at));
}

}  // namespace

std::string StallReport::describe() const {
  std::string text = fmt::format(
      "{} (pid {}) is runnable and does not run: {} switches and {} of run time, {}; {} since it is watched. State {}, "
      "wchan {}, syscall {}, cgroup {}, CPUs {}, host load {}",
      comm, pid, last.nr_switches, format_duration(last.exec_runtime), delta(first, last), delta(watched, last), state,
      wchan, syscall, cgroup, cpus_allowed, host_load);
  if (!kernel_stack.empty()) text += "\n" + kernel_stack;
  return text;
}

StallDetector::StallDetector(fs::path proc_root, int flat_samples)
    : proc_root_(std::move(proc_root)), flat_samples_(std::max(flat_samples, 1)) {}

Status StallDetector::check_supported() const {
  const fs::path own = proc_root_ / "self/sched";
  const Result<std::string> text = read_text(own);
  if (!text)
    return fail(ErrorCode::kUnsupported, "cannot watch for stalled workers: {}", text.error().message())
        .with_hint("run a kernel with CONFIG_SCHED_DEBUG=y (before Linux 6.15 an option) and a /proc of its own");
  if (!value_of(*text, "nr_switches").empty() && split_ns(value_of(*text, "se.sum_exec_runtime"))) return ok();
  return fail(ErrorCode::kUnsupported,
              "cannot watch for stalled workers: {} has no nr_switches and se.sum_exec_runtime", own.string());
}

void StallDetector::watch(const std::vector<int>& pids) {
  for (const int pid : pids) tasks_.try_emplace(pid);
}

void StallDetector::unwatch(const std::vector<int>& pids) {
  for (const int pid : pids) tasks_.erase(pid);
}

std::string StallDetector::proc_file(int pid, const char* name) const {
  return read_attribute(proc_root_ / std::to_string(pid) / name).value_or("");
}

// No value where the task has ended, be it between the two reads.
std::optional<StallDetector::Look> StallDetector::look_at(int pid, nanoseconds now) const {
  const std::string sched = proc_file(pid, "sched");
  const auto stat = parse_stat(proc_file(pid, "stat"));
  const auto switches = number_in<std::uint64_t>(value_of(sched, "nr_switches"));
  const auto runtime = split_ns(value_of(sched, "se.sum_exec_runtime"));
  if (!stat || !switches || !runtime || stat->state == 'Z' || stat->state == 'X') return {};
  return Look{stat->start_time, stat->state, {now, *switches, *runtime}};
}

bool StallDetector::note(Seen& seen, const Look& look) const {
  const bool progress = !same_progress(seen.first, look.sample);
  if (progress) seen.reported = false;
  if (progress || look.state != 'R') {
    seen.first = look.sample;
    seen.flat = 0;
    return false;
  }
  ++seen.flat;
  if (seen.reported || seen.flat < flat_samples_) return false;
  seen.reported = true;
  return true;
}

std::vector<StallReport> StallDetector::sample(nanoseconds now) {
  std::vector<StallReport> reports;
  for (auto it = tasks_.begin(); it != tasks_.end();) {
    auto& [pid, seen] = *it;
    const auto look = look_at(pid, now);
    if (!look || (seen && seen->start_time != look->start_time)) {
      it = tasks_.erase(it);
      continue;
    }
    if (!seen)
      seen = Seen{.start_time = look->start_time, .watched = look->sample, .first = look->sample};
    else if (note(*seen, *look))
      reports.push_back(report(pid, *seen, *look));
    ++it;
  }
  return reports;
}

StallReport StallDetector::report(int pid, const Seen& seen, const Look& look) const {
  return {.pid = pid,
          .comm = or_unknown(proc_file(pid, "comm")),
          .watched = seen.watched,
          .first = seen.first,
          .last = look.sample,
          .state = look.state,
          .wchan = or_unknown(proc_file(pid, "wchan")),
          .syscall = or_unknown(proc_file(pid, "syscall")),
          .cgroup = unified_cgroup(proc_file(pid, "cgroup")),
          .cpus_allowed = or_unknown(std::string(value_of(proc_file(pid, "status"), "Cpus_allowed_list"))),
          .host_load = or_unknown(read_attribute(proc_root_ / "loadavg").value_or("")),
          .kernel_stack = proc_file(pid, "stack")};
}

}  // namespace ktstr
