// SPDX-License-Identifier: Apache-2.0
#include "sched_ext/dump.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "base/text/trimmed.h"
#include "sched_ext/dump_line.h"

namespace ktstr {

namespace {

constexpr std::size_t kMostTasks = 4096;  // of one CPU
// Of a dump that is shown: its beginning with the backtrace and what the scheduler's own ops.dump() says, and one CPU.
constexpr std::size_t kHeadLines = 20, kCpuLines = 30, kAllCpusLines = 60;

// Takes a dump line by line, from its first one on.
class DumpReader {
 public:
  DumpReader(std::size_t first, std::vector<DumpFault>* faults) : faults_(faults) {
    dump_.first_line = first;
    dump_.end_line = first;
  }

  // False for what is no part of it any more.
  bool take(const std::string& line, std::size_t at) {
    dump_.is_cut = dump_.is_cut || is_cut(line);
    if (at == dump_.first_line) {
      begin(line);
      if (dump_.has_trigger) return true;
    } else if (ends_dump(line) || trigger_in(line)) {
      return false;
    }
    if (counters_ && !line.empty() && line.find("SCX_EV") == std::string::npos && line.find("---") == std::string::npos)
      return false;
    std::string fault;
    if (line.starts_with("Event counters")) {
      close_cpu(at);
      counters_ = true;
    } else if (auto cpu = cpu_in(line, fault)) {
      close_cpu(at);
      cpu->first_line = at;
      if (dump_.cpus.size() < kMostDumpCpus) dump_.cpus.push_back(*std::move(cpu));
    } else if (!dump_.cpus.empty() && dump_.cpus.back().end_line == 0) {
      take_of_cpu(line, at, dump_.cpus.back(), fault);
    } else if (dump_.cpus.empty() && dump_.reason.empty() && dump_.has_trigger) {
      dump_.reason = trimmed(line);
    }
    if (!fault.empty() && faults_ != nullptr) faults_->push_back({at, std::move(fault)});
    return true;
  }

  SchedExtDump finish(std::size_t at) {
    close_cpu(at);
    dump_.end_line = at;
    return std::move(dump_);
  }

 private:
  void begin(const std::string& line) {
    const auto trigger = trigger_in(line);
    if (!trigger) return;
    dump_.has_trigger = true;
    dump_.trigger_comm = trigger->task.comm;
    dump_.trigger_pid = trigger->task.pid;
    dump_.trigger_cpu = trigger->cpu;
    dump_.exit_kind = trigger->kind;
  }
  void close_cpu(std::size_t at) {
    if (!dump_.cpus.empty() && dump_.cpus.back().end_line == 0) dump_.cpus.back().end_line = at;
  }
  void take_of_cpu(const std::string& line, std::size_t at, DumpCpu& cpu, std::string& fault) {
    if (cpu.tasks.empty() && read_curr(line, cpu)) return;
    auto task = task_in(line, fault);
    if (!task && !cpu.tasks.empty()) read_detail(line, cpu.tasks.back(), fault);
    if (!task) return;
    if (cpu.tasks.size() == kMostTasks) {
      fault = fmt::format("CPU {} has more than {} tasks", cpu.cpu, kMostTasks);
      return;
    }
    task->line = at;
    cpu.tasks.push_back(*std::move(task));
  }

  SchedExtDump dump_;
  std::vector<DumpFault>* faults_;
  bool counters_ = false;
};

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
    std::string fault;
    const bool says =
        at == cpu.first_line || line.find("curr=") != std::string::npos || task_in(line, fault) || explains_task(line);
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

SchedExtDump read_dump(const std::vector<std::string>& output, std::size_t first, std::vector<DumpFault>* faults) {
  DumpReader reader(first, faults);
  std::size_t at = first;
  while (at < output.size() && reader.take(output[at], at)) ++at;
  return reader.finish(at);
}

std::optional<SchedExtDump> parse_dump(const std::vector<std::string>& output) {
  for (std::size_t at = output.size(); at-- > 0;)
    if (trigger_in(output[at])) return read_dump(output, at, nullptr);
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
    const SchedExtDump dump = read_dump(output, at, nullptr);
    add_short(output, dump, stalled.pid, kept);
    at = dump.end_line;
  }
  return kept;
}

}  // namespace ktstr
