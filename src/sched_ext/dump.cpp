// SPDX-License-Identifier: Apache-2.0
#include "sched_ext/dump.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/text/trimmed.h"

namespace ktstr {

namespace {

constexpr std::string_view kTriggered = " triggered exit kind ";
constexpr std::size_t kMostCpus = 8192;
constexpr std::size_t kMostTasks = 4096;  // of one CPU
// Of a dump that is shown: its beginning with the backtrace and what the scheduler's own ops.dump() says, and one CPU.
constexpr std::size_t kHeadLines = 20, kCpuLines = 30, kAllCpusLines = 60;

struct CommPid {
  std::string comm;
  int pid = 0;
};

// "cg_0/1[106]": a comm may hold brackets itself, the pid's come last.
std::optional<CommPid> comm_and_pid(std::string_view text) {
  const std::size_t open = text.rfind('[');
  if (open == std::string_view::npos || open == 0 || !text.ends_with(']')) return {};
  CommPid found{.comm = std::string(text.substr(0, open)), .pid = 0};
  const char* const begin = text.data() + open + 1;
  const char* const end = text.data() + text.size() - 1;
  const auto parsed = std::from_chars(begin, end, found.pid);
  if (parsed.ec != std::errc() || parsed.ptr != end) return {};
  return found;
}

template <typename Number>
bool number_at(std::string_view text, Number& number) {
  return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc();
}

std::optional<CommPid> trigger_in(std::string_view line) {
  const std::size_t at = line.find(kTriggered);
  if (at == std::string_view::npos) return {};
  return comm_and_pid(trimmed(line.substr(0, at)));
}

// "CPU 2   : nr_run=2 flags=0x1 ..."
std::optional<DumpCpu> cpu_in(std::string_view line) {
  constexpr std::string_view kCpu = "CPU ", kRunning = ": nr_run=";
  if (!line.starts_with(kCpu)) return {};
  DumpCpu cpu;
  const std::size_t running = line.find(kRunning);
  if (running == std::string_view::npos || !number_at(line.substr(kCpu.size()), cpu.cpu)) return {};
  number_at(line.substr(running + kRunning.size()), cpu.running);
  return cpu;
}

// "curr=hog[123] class=rt_sched_class"
void read_curr(std::string_view line, DumpCpu& cpu) {
  constexpr std::string_view kCurr = "curr=", kClass = " class=", kSuffix = "_sched_class";
  line = trimmed(line);
  if (!line.starts_with(kCurr)) return;
  line.remove_prefix(kCurr.size());
  const std::size_t at = line.rfind(kClass);
  std::string_view name = at == std::string_view::npos ? "" : line.substr(at + kClass.size());
  const auto curr = comm_and_pid(trimmed(line.substr(0, at)));
  if (!curr) return;
  cpu.curr_comm = curr->comm;
  cpu.curr_pid = curr->pid;
  name = name.substr(0, name.find(' '));
  if (name.ends_with(kSuffix)) name.remove_suffix(kSuffix.size());
  cpu.curr_class = name;
}

// "  R cg_0/1[106] -3039ms": a blank, a mark ('*': it is curr), its state.
std::optional<DumpTask> task_in(std::string_view line) {
  if (line.size() < 8 || line[0] != ' ' || (line[1] != ' ' && line[1] != '*') || line[2] == ' ' || line[3] != ' ')
    return {};
  const std::size_t last = line.rfind(' ');
  const std::string_view since = line.substr(last + 1);
  if (!since.ends_with("ms")) return {};
  // Between pid and time the scheduler may be named that owns the task.
  std::string_view name = trimmed(line.substr(4, last - 4));
  name = name.substr(0, name.rfind(']') + 1);
  const auto who = comm_and_pid(name);
  if (!who) return {};
  DumpTask task{.comm = who->comm, .pid = who->pid, .state = line[2], .since_ms = 0, .dsq = {}, .cpus = {}};
  if (!number_at(since.starts_with('+') ? since.substr(1) : since, task.since_ms)) return {};
  task.since_ms = task.since_ms < 0 ? -task.since_ms : 0;
  return task;
}

// What stands after `key` in a line of "key=value key=value"; "" where it has no such key.
std::string_view value_of(std::string_view line, std::string_view key) {
  const std::size_t at = line.find(key);
  if (at == std::string_view::npos || (at > 0 && line[at - 1] != ' ')) return "";
  line.remove_prefix(at + key.size());
  return line.substr(0, line.find(' '));
}

// %*pb: groups of 32 bits in hexadecimal, the highest first.
CpuSet cpus_of_mask(std::string_view mask) {
  CpuSet cpus;
  std::size_t cpu = 0;
  for (auto digit = mask.rbegin(); digit != mask.rend() && cpu < kMostCpus; ++digit) {
    if (*digit == ',') continue;
    unsigned value = 0;
    if (std::from_chars(&*digit, &*digit + 1, value, 16).ec != std::errc()) return {};
    for (std::size_t bit = 0; bit < 4; ++bit)
      if ((value >> bit & 1U) != 0) cpus.add(static_cast<Cpu>(cpu + bit));
    cpu += 4;
  }
  return cpus;
}

void read_detail(std::string_view line, DumpTask& task) {
  if (const auto dsq = value_of(line, "dsq_id="); !dsq.empty()) task.dsq = dsq;
  if (const auto mask = value_of(line, "cpus="); !mask.empty() && task.cpus.empty()) task.cpus = cpus_of_mask(mask);
}

bool ends_dump(std::string_view line) {
  return line.starts_with("=====") || line.find("~~~~ TRUNCATED ~~~~") != std::string_view::npos ||
         line.find("end of dump") != std::string_view::npos || line.starts_with("EXIT: ");
}

// From its first line on.
SchedExtDump dump_from(const std::vector<std::string>& output, std::size_t first) {
  SchedExtDump dump{.trigger_comm = {}, .trigger_pid = 0, .cpus = {}, .first_line = first, .end_line = first + 1};
  if (const auto trigger = trigger_in(output[first])) {
    dump.trigger_comm = trigger->comm;
    dump.trigger_pid = trigger->pid;
  }
  bool counters = false;
  auto close_cpu = [&](std::size_t at) {
    if (!dump.cpus.empty() && dump.cpus.back().end_line == 0) dump.cpus.back().end_line = at;
  };
  std::size_t at = first + 1;
  for (; at < output.size(); ++at) {
    const std::string& line = output[at];
    if (ends_dump(line) || trigger_in(line)) break;
    if (counters && !line.empty() && line.find("SCX_EV") == std::string::npos && line.find("---") == std::string::npos)
      break;
    if (line.starts_with("Event counters")) {
      close_cpu(at);
      counters = true;
    } else if (auto cpu = cpu_in(line); cpu && dump.cpus.size() < kMostCpus) {
      close_cpu(at);
      cpu->first_line = at;
      dump.cpus.push_back(*std::move(cpu));
    } else if (!dump.cpus.empty() && dump.cpus.back().end_line == 0) {
      DumpCpu& cpu_of_line = dump.cpus.back();
      read_curr(line, cpu_of_line);
      if (auto task = task_in(line); task && cpu_of_line.tasks.size() < kMostTasks)
        cpu_of_line.tasks.push_back(*std::move(task));
      else if (!cpu_of_line.tasks.empty())
        read_detail(line, cpu_of_line.tasks.back());
    }
  }
  close_cpu(at);
  dump.end_line = at;
  return dump;
}

// The CPU on whose runqueue it is, and the task there.
std::pair<const DumpCpu*, const DumpTask*> find_task(const SchedExtDump& dump, int pid) {
  if (pid == 0) return {};
  for (const DumpCpu& cpu : dump.cpus)
    for (const DumpTask& task : cpu.tasks)
      if (task.pid == pid) return {&cpu, &task};
  return {};
}

// A CPU that is not in the dump was idle: scx_dump_state() passes over those.
std::string what_it_did(const SchedExtDump& dump, Cpu number) {
  const auto cpu = std::find_if(dump.cpus.begin(), dump.cpus.end(), [&](const DumpCpu& c) { return c.cpu == number; });
  if (cpu == dump.cpus.end() || cpu->curr_class == "idle" || cpu->curr_comm.empty()) return "was idle";
  // The watchdog is a kworker: that it ran there when it looked says nothing of who had the CPU before.
  if (cpu->curr_pid == dump.trigger_pid && cpu->curr_comm.starts_with("kworker/"))
    return "ran the watchdog that saw it";
  const std::string curr = fmt::format("{}[{}]", cpu->curr_comm, cpu->curr_pid);
  if (cpu->curr_class == "rt") return "was held by the real-time task " + curr;
  if (cpu->curr_class == "dl") return "was held by the deadline task " + curr;
  if (cpu->curr_class == "stop") return "was held by the kernel's stop task " + curr;
  return fmt::format("ran {}{}", curr, cpu->curr_class.empty() ? "" : " of class " + cpu->curr_class);
}

constexpr std::string_view kLocalDsq = "0x8000000000000002";  // SCX_DSQ_LOCAL, include/linux/sched/ext.h

void add_lines(const std::vector<std::string>& output, std::size_t from, std::size_t to, std::size_t most,
               std::vector<std::string>& kept) {
  for (std::size_t at = from; at < to && most > 0; ++at) {
    if (output[at].empty() && (kept.empty() || kept.back().empty())) continue;
    kept.push_back(output[at]);
    --most;
  }
}

// A CPU's lines without what is the same for every waiting task: backtraces, flags.
void add_cpu(const std::vector<std::string>& output, const DumpCpu& cpu, std::vector<std::string>& kept) {
  std::size_t room = kCpuLines;
  for (std::size_t at = cpu.first_line; at < cpu.end_line && room > 0; ++at) {
    const std::string& line = output[at];
    const bool says = at == cpu.first_line || line.find("curr=") != std::string::npos || task_in(line) ||
                      !value_of(line, "dsq_id=").empty() || !value_of(line, "cpus=").empty();
    if (!says) continue;
    kept.push_back(line);
    --room;
  }
}

void add_short(const std::vector<std::string>& output, const SchedExtDump& dump, int stalled,
               std::vector<std::string>& kept) {
  constexpr std::size_t kTriggerAndReason = 2;
  const std::size_t before = kept.size();
  const std::size_t cpus = dump.cpus.empty() ? dump.end_line : dump.cpus.front().first_line;
  if (const DumpCpu* cpu = find_task(dump, stalled).first; cpu != nullptr) {
    add_lines(output, dump.first_line, cpus, kTriggerAndReason, kept);  // the backtrace is the watchdog's
    add_cpu(output, *cpu, kept);
  } else {
    add_lines(output, dump.first_line, cpus, kHeadLines, kept);
    const std::size_t most = kept.size() + kAllCpusLines;
    for (const DumpCpu& each : dump.cpus)
      if (!each.tasks.empty() && kept.size() < most) add_cpu(output, each, kept);
  }
  const std::size_t all = dump.end_line - dump.first_line, shown = kept.size() - before;
  if (all > shown) kept.push_back(fmt::format("(of the kernel's dump {} of {} lines)", shown, all));
}

}  // namespace

std::optional<SchedExtDump> parse_dump(const std::vector<std::string>& output) {
  for (std::size_t at = output.size(); at-- > 0;)
    if (trigger_in(output[at])) return dump_from(output, at);
  return {};
}

DumpTask stalled_task(const std::string& message) {
  DumpTask task;
  const std::size_t at = message.find(" failed to run for ");
  if (at == std::string::npos) return task;
  if (auto who = comm_and_pid(std::string_view(message).substr(0, at))) {
    task.comm = std::move(who->comm);
    task.pid = who->pid;
  }
  return task;
}

DumpTask misplaced_task(const std::string& message) {
  constexpr std::string_view kBefore[] = {" not allowed for ", " migration disabled "};
  DumpTask task;
  for (const std::string_view before : kBefore) {
    const std::size_t at = message.find(before);
    const std::size_t end = at == std::string::npos ? at : message.find(']', at);
    if (end == std::string::npos) continue;
    const std::size_t from = at + before.size();
    if (auto who = comm_and_pid(std::string_view(message).substr(from, end + 1 - from))) {
      task.comm = std::move(who->comm);
      task.pid = who->pid;
      return task;
    }
  }
  return task;
}

std::string explain_stall(const SchedExtDump& dump, const DumpTask& stalled) {
  constexpr std::size_t kMostNamed = 4;
  const auto [cpu, task] = find_task(dump, stalled.pid);
  if (task == nullptr) return "";
  const bool local = task->dsq == kLocalDsq;
  CpuSet cpus = task->cpus;
  if (local || cpus.empty()) cpus = CpuSet{cpu->cpu};
  std::string text(kStallExplained);
  if (local)
    text += fmt::format("in the local DSQ of CPU {}", cpu->cpu);
  else if (task->dsq == "(n/a)")
    text += "in no DSQ, kept by the BPF scheduler,";
  else if (!task->dsq.empty())
    text += "in DSQ " + task->dsq;
  if (!local) text += fmt::format(" for CPU{} {}", cpus.size() == 1 ? "" : "s", cpus.to_string());
  std::size_t named = 0;
  for (const Cpu each : cpus) {
    if (named == kMostNamed) return text + ", ...";
    text += fmt::format("{} CPU {} {}", named == 0 ? ";" : ",", each, what_it_did(dump, each));
    ++named;
  }
  return text;
}

std::vector<std::string> with_short_dumps(const std::vector<std::string>& output, const DumpTask& stalled) {
  std::vector<std::string> kept;
  for (std::size_t at = 0; at < output.size();) {
    if (!trigger_in(output[at])) {
      kept.push_back(output[at++]);
      continue;
    }
    const SchedExtDump dump = dump_from(output, at);
    add_short(output, dump, stalled.pid, kept);
    at = dump.end_line;
  }
  return kept;
}

}  // namespace ktstr
