// SPDX-License-Identifier: Apache-2.0
#include "sched_ext/dump_line.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/text/trimmed.h"

namespace ktstr {

namespace {

constexpr std::string_view kTriggered = " triggered exit kind ";

// Up to the first character that is no digit; the rest does not matter.
template <typename Number>
bool number_at(std::string_view text, Number& number, int base = 10) {
  return std::from_chars(text.data(), text.data() + text.size(), number, base).ec == std::errc();
}

// What stands after `key` in a line of "key=value key=value"; "" where it has no such key.
std::string_view value_of(std::string_view line, std::string_view key) {
  const std::size_t at = line.find(key);
  if (at == std::string_view::npos || (at > 0 && line[at - 1] != ' ')) return "";
  line.remove_prefix(at + key.size());
  return line.substr(0, line.find(' '));
}

bool hexadecimal(std::string_view text, std::uint64_t& number) {
  return text.starts_with("0x") && number_at(text.substr(2), number, 16);
}

// %*pb: groups of 32 bits in hexadecimal, the highest first.
CpuSet cpus_of_mask(std::string_view mask, std::string& fault) {
  CpuSet cpus;
  std::size_t cpu = 0;
  for (auto digit = mask.rbegin(); digit != mask.rend(); ++digit) {
    if (*digit == ',') continue;
    unsigned value = 0;
    if (std::from_chars(&*digit, &*digit + 1, value, 16).ec != std::errc()) {
      fault = fmt::format("cpus={} is no mask of CPUs", mask.substr(0, 40));
      return {};
    }
    if (cpu >= kMostDumpCpus && value != 0) {
      fault = fmt::format("cpus={}... has CPUs from {} on; a kernel has fewer", mask.substr(0, 40), kMostDumpCpus);
      return {};
    }
    for (std::size_t bit = 0; bit < 4; ++bit)
      if ((value >> bit & 1U) != 0) cpus.add(static_cast<Cpu>(cpu + bit));
    cpu += 4;
  }
  if (cpus.empty()) fault = fmt::format("cpus={} has no CPU in it", mask.substr(0, 40));
  return cpus;
}

// What the kernel says of a task; a scheduler's own words (ops.dump_task) may stand between it.
bool is_detail(std::string_view line) {
  constexpr std::string_view kBegins[] = {"scx_state/flags=", "sticky/holding_cpu=", "dsq_vtime=", "cpus="};
  return std::any_of(std::begin(kBegins), std::end(kBegins),
                     [&](std::string_view each) { return line.starts_with(each); });
}

// Frames of a kernel thread's first functions: no user task has them.
bool is_kthread_frame(std::string_view line) {
  return line.starts_with("kthread+0x") || line.starts_with("kthreadd+0x") || line.starts_with("kthread_worker_fn+0x");
}

}  // namespace

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

std::optional<DumpTrigger> trigger_in(std::string_view line) {
  constexpr std::string_view kOnCpu = " on CPU ";
  const std::size_t at = line.find(kTriggered);
  if (at == std::string_view::npos) return {};
  const auto task = comm_and_pid(trimmed(line.substr(0, at)));
  if (!task) return {};
  DumpTrigger trigger{.task = *task};
  const std::string_view rest = line.substr(at + kTriggered.size());
  number_at(rest, trigger.kind);
  if (const std::size_t on = rest.find(kOnCpu); on != std::string_view::npos)
    number_at(rest.substr(on + kOnCpu.size()), trigger.cpu);
  return trigger;
}

std::optional<DumpCpu> cpu_in(std::string_view line, std::string& fault) {
  constexpr std::string_view kCpu = "CPU ", kRunning = ": nr_run=";
  if (!line.starts_with(kCpu)) return {};
  DumpCpu cpu;
  const std::size_t running = line.find(kRunning);
  if (running == std::string_view::npos) return {};
  std::size_t number = 0;
  if (!number_at(line.substr(kCpu.size()), number) || number >= kMostDumpCpus) {
    fault = fmt::format("'{}' is no CPU; a kernel has fewer than {}",
                        trimmed(line.substr(0, std::min<std::size_t>(running, 40))), kMostDumpCpus);
    return {};
  }
  cpu.cpu = static_cast<int>(number);
  cpu.queue = line.substr(running + 2);
  number_at(line.substr(running + kRunning.size()), cpu.running);
  return cpu;
}

bool read_curr(std::string_view line, DumpCpu& cpu) {
  constexpr std::string_view kCurr = "curr=", kClass = " class=", kSuffix = "_sched_class";
  line = trimmed(line);
  if (!line.starts_with(kCurr)) return false;
  line.remove_prefix(kCurr.size());
  const std::size_t at = line.rfind(kClass);
  std::string_view name = at == std::string_view::npos ? "" : line.substr(at + kClass.size());
  const auto curr = comm_and_pid(trimmed(line.substr(0, at)));
  if (!curr) return true;
  cpu.curr_comm = curr->comm;
  cpu.curr_pid = curr->pid;
  name = name.substr(0, name.find(' '));
  if (name.ends_with(kSuffix)) name.remove_suffix(kSuffix.size());
  cpu.curr_class = name;
  return true;
}

std::optional<DumpTask> task_in(std::string_view line, std::string& fault) {
  if (line.size() < 8 || line[0] != ' ' || (line[1] != ' ' && line[1] != '*') || line[2] == ' ' || line[3] != ' ')
    return {};
  const std::size_t last = line.rfind(' ');
  const std::string_view since = line.substr(last + 1);
  if (!since.ends_with("ms")) return {};
  // Between pid and time the scheduler may be named that owns the task.
  std::string_view name = trimmed(line.substr(4, last - 4));
  name = name.substr(0, name.rfind(']') + 1);
  const auto who = comm_and_pid(name);
  if (!who) {
    fault = "the task has no pid that can be read";
    return {};
  }
  DumpTask task{.comm = who->comm, .pid = who->pid, .state = line[2], .is_current = line[1] == '*'};
  if (!number_at(since.starts_with('+') ? since.substr(1) : since, task.since_ms)) {
    fault = "the task's time cannot be read";
    return {};
  }
  task.since_ms = task.since_ms < 0 ? -task.since_ms : 0;
  return task;
}

void read_detail(std::string_view line, DumpTask& task, std::string& fault) {
  constexpr unsigned kMostWeight = 10000;  // CGROUP_WEIGHT_MAX
  line = trimmed(line);
  task.is_kthread = task.is_kthread || is_kthread_frame(line);
  if (!is_detail(line)) return;
  if (const auto state = value_of(line, "scx_state/flags="); !state.empty() && task.flags.empty()) {
    task.flags = line;
    std::uint64_t flags = 0;
    if (hexadecimal(state.substr(std::min(state.size(), state.find('/') + 1)), flags))
      task.has_slept = (flags & 8) != 0;
  }
  if (const auto dsq = value_of(line, "dsq_id="); !dsq.empty() && task.dsq.empty()) task.dsq = dsq;
  if (const auto weight = value_of(line, "weight="); !weight.empty() && task.weight == 0) {
    if (!number_at(weight, task.weight) || task.weight < 1 || task.weight > kMostWeight) {
      fault = fmt::format("weight={} is none; it is 1 to {}", weight.substr(0, 40), kMostWeight);
      task.weight = 0;
    }
  }
  if (const auto mask = value_of(line, "cpus="); !mask.empty() && task.cpus.empty())
    task.cpus = cpus_of_mask(mask, fault);
  if (const auto held = value_of(line, "no_mig="); !held.empty() && held != "0") task.may_not_move = true;
}

bool explains_task(std::string_view line) {
  line = trimmed(line);
  return !value_of(line, "dsq_id=").empty() || !value_of(line, "cpus=").empty();
}

bool is_cut(std::string_view line) { return line.find("~~~~ TRUNCATED ~~~~") != std::string_view::npos; }

bool ends_dump(std::string_view line) {
  return line.starts_with("=====") || is_cut(line) || line.find("end of dump") != std::string_view::npos ||
         line.starts_with("EXIT: ");
}

}  // namespace ktstr
