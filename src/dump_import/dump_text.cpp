// SPDX-License-Identifier: Apache-2.0
#include "dump_import/dump_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text/digit.h"
#include "base/text/printable.h"

namespace ktstr {

namespace {

constexpr std::size_t kTasksShown = 16;      // of a group, and CPUs
constexpr std::size_t kMostProcesses = 900;  // beside what else a guest starts: 1000 at a time are refused

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string scenario_name_of(std::string_view text) {
  std::string name;
  for (const char c : text) name += is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.' ? c : '_';
  return name.empty() ? "dump" : name;
}

// No byte of a comment may end it: TOML refuses all control characters there but the tab.
std::string comment(std::string_view text) {
  std::string line = "# " + escaped(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line + "\n";
}

// As a TOML text that can be printed.
std::string toml_text(std::string_view words) {
  std::string text = "\"";
  for (const char c : words) {
    if (c == '"' || c == '\\') text += '\\';
    text += c < ' ' || static_cast<unsigned char>(c) > 0x7e ? '_' : c;
  }
  return text + "\"";
}

std::string quoted_comm(const std::string& comm) {
  constexpr std::size_t kMostComm = 15;
  return toml_text(std::string_view(comm).substr(0, kMostComm));
}

// How long a task was not run, in seconds; 0 where it is no stall.
double stall_of(const DumpLog& log) {
  if (log.reason.find("stall") == std::string::npos) return 0;
  long longest = 0;
  for (const DumpCpu& cpu : log.dump.cpus)
    for (const DumpTask& task : cpu.tasks) longest = std::max(longest, task.since_ms);
  return static_cast<double>(std::min(longest, 60'000L)) / 1e3;
}

struct Length {
  long seconds = 0;
  std::string why;
};

// The watchdog looks twice in its time, so that a task may have waited for up to one and a half of it.
Length length_of(const DumpLog& log) {
  constexpr double kLongestUptime = 60, kUnknown = 5;
  const double stall = stall_of(log);
  const bool knows = log.uptime_s && *log.uptime_s <= kLongestUptime;
  const double all = knows ? *log.uptime_s + stall / 2 + 1 : std::max(kUnknown, 3 * stall + 2);
  Length length{std::lround(std::ceil(all)), {}};
  if (knows)
    length.why = fmt::format("it ran for {:.3f} s until its end", *log.uptime_s);
  else if (log.uptime_s)
    length.why = fmt::format("it ran for {:.0f} s until its end; what of that matters is not known", *log.uptime_s);
  else
    length.why = "how long it ran until its end is not known";
  if (stall > 0) length.why += fmt::format("; the longest wait is {:.3f} s", stall);
  return length;
}

std::string expected_kind(const DumpLog& log) {
  constexpr int kError = 1024, kStall = 1026;
  if (!log.was_enabled) return "scheduler_rejected";
  if (log.reason.find("stall") != std::string::npos || log.dump.exit_kind == kStall) return "scheduler_stalled";
  if (log.dump.exit_kind >= kError || log.reason.find("error") != std::string::npos) return "scheduler_crashed";
  return log.reason.empty() || !log.dump.has_trigger ? "" : "scheduler_exited";
}

class TextMaker {
 public:
  TextMaker(const DumpLog& log, const DumpWorkers& workers) : log_(log), workers_(workers) {}

  std::string make(const std::string& name, const std::vector<std::string>& notes) {
    head(notes);
    settings(name);
    checks();
    offline();
    out_ += "\n[[cgroup]]\nname = \"dump\"\n";
    if (workers_.workers > kMostProcesses)
      out_ += "pcomm = \"dump\"  # threads of one process: a guest starts up to 1000 processes\n";
    for (const DumpGroup& group : workers_.groups) write(group);
    return std::move(out_);
  }

 private:
  void line(std::string_view text) { out_ += comment(text); }

  void head(const std::vector<std::string>& notes) {
    const std::string ops = log_.ops.empty() ? "a BPF scheduler" : fmt::format("the BPF scheduler \"{}\"", log_.ops);
    line(fmt::format("From a dump of sched_ext: {} task{} on {} CPU{} under {}.", workers_.workers,
                     workers_.workers == 1 ? "" : "s", workers_.cpus, workers_.cpus == 1 ? "" : "s", ops));
    out_ += "#\n";
    if (!log_.reason.empty()) line(log_.reason + (log_.message.empty() ? "" : ": " + log_.message));
    if (log_.dump.has_trigger) {
      const std::string cpu = log_.dump.trigger_cpu < 0 ? "" : fmt::format(" on CPU {}", log_.dump.trigger_cpu);
      line(fmt::format("exit kind {}, in the context of {}[{}]{}", log_.dump.exit_kind, log_.dump.trigger_comm,
                       log_.dump.trigger_pid, cpu));
    }
    cpu_lines();
    out_ += "#\n# What is not known, or not quite the same:\n";
    for (const std::string& note : notes) line("- " + note);
    out_ += "\n";
  }

  void cpu_lines() {
    std::size_t shown = 0;
    for (const DumpCpu& cpu : log_.dump.cpus) {
      if (shown++ == kTasksShown) {
        line(fmt::format("... and {} more CPUs", log_.dump.cpus.size() - kTasksShown));
        return;
      }
      const std::string ran = cpu.curr_comm.empty()
                                  ? ""
                                  : fmt::format("; ran {}[{}], class {}", cpu.curr_comm, cpu.curr_pid, cpu.curr_class);
      line(fmt::format("CPU {}: {}{}", cpu.cpu, cpu.queue, ran));
    }
  }

  void settings(const std::string& name) {
    const Length length = length_of(log_);
    out_ += fmt::format("name = \"{}\"\n", scenario_name_of(name));
    out_ += fmt::format("topology = \"1n1l{}c1t\"  # as many CPUs; caches, nodes and SMT are not in a dump\n",
                        workers_.cpus);
    out_ += fmt::format("duration = \"{}s\"  # {}\n", length.seconds, length.why);
    const std::string program = log_.ops.empty() ? workers_.program : program_of_ops(log_.ops);
    if (!program.empty())
      out_ += fmt::format("scheduler = {}  # its arguments are not in a dump: --scheduler \"{} ...\"\n",
                          quoted_program(program), escaped(program));
    if (const std::string kind = expected_kind(log_); !kind.empty()) expect(kind);
  }

  // To be switched on by who keeps the file for as long as the fault is there.
  void expect(const std::string& kind) {
    line("A scheduler that still has the fault fails. To have that pass, and all else fail:");
    const std::string words = log_.reason.empty() ? "" : fmt::format(", text = {}", toml_text(log_.reason));
    out_ += fmt::format("# expect = {{ kind = \"{}\"{} }}\n", kind, words);
  }

  static std::string quoted_program(const std::string& program) {
    std::string text;
    for (const char c : program) text += is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.' ? c : '_';
    return '"' + text + '"';
  }

  void checks() {
    out_ += "\n[checks]\nmax_spread_pct = false  # the tasks of a dump are not equal\n";
    if (const double stall = stall_of(log_); stall > 2)
      out_ += fmt::format("max_gap = \"{:.0f}ms\"  # the wait that was too long there\n", std::ceil(stall * 1e3));
  }

  void offline() {
    if (log_.offline.empty()) return;
    out_ += "\n";
    line(fmt::format("CPUs {} were offline. To have them so here as well, once for each, after the scheduler attached:",
                     log_.offline.to_string()));
    out_ += fmt::format("# [[backdrop.op]]\n# op = \"cpu_offline\"\n# cpu = {}\n", log_.offline.first());
  }

  void write(const DumpGroup& group) {
    out_ += "\n";
    for (std::size_t i = 0; i < std::min(kTasksShown, group.tasks.size()); ++i) line(group.tasks[i]);
    if (group.tasks.size() > kTasksShown) line(fmt::format("... and {} more", group.tasks.size() - kTasksShown));
    out_ += fmt::format("[[cgroup.work]]\ntype = \"{}\"\nworkers = {}\ncomm = {}\n", group.type, group.tasks.size(),
                        quoted_comm(group.comm));
    if (group.nice) out_ += fmt::format("nice = {}\n", *group.nice);
    if (!group.policy.empty()) out_ += fmt::format("policy = \"{}\"\n", group.policy);
    if (!group.affinity.empty()) out_ += fmt::format("affinity = \"{}\"\n", group.affinity);
  }

  const DumpLog& log_;
  const DumpWorkers& workers_;
  std::string out_;
};

}  // namespace

std::string dump_scenario_text(const DumpLog& log, const DumpWorkers& workers, const std::string& name,
                               const std::vector<std::string>& notes) {
  return TextMaker(log, workers).make(name, notes);
}

std::string program_of_ops(const std::string& ops) {
  std::string name = ops;
  // Those of the scx repository have their version in it, and what they were built for.
  for (std::size_t at = name.find('_'); at != std::string::npos; at = name.find('_', at + 1)) {
    if (at + 1 < name.size() && !is_digit(name[at + 1])) continue;
    name.erase(at);
    break;
  }
  return name.empty() || name.starts_with("scx_") ? name : "scx_" + name;
}

std::vector<std::string> what_no_dump_says() {
  return {"what the tasks did: those that were preempted are hogs (SpinWait) here",
          "who slept at the time: a dump has only tasks that ran or wanted to, so wake-ups between tasks are missing",
          "cgroups with their weights, quotas and cpusets; locks; memory; threads of one process",
          "what went before: when each task began, and how long it took until the scheduler failed"};
}

}  // namespace ktstr
