// SPDX-License-Identifier: Apache-2.0
#include "dump_import/dump_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <set>

#include "base/text/printable.h"
#include "base/text/trimmed.h"
#include "sched_ext/dump_line.h"
#include "sched_ext/exit_reason.h"
#include "sched_ext/log_prefix.h"

namespace ktstr {

namespace {

constexpr std::size_t kMostLines = 1'000'000;
// Of all masks together: each is kept as a set.
constexpr std::size_t kMostMaskCpus = 2'000'000;

struct LogText {
  std::vector<std::string> lines;  // without what the log puts before them
  std::vector<std::string> kernel;
};

Result<LogText> lines_of(std::string_view text, const std::string& file) {
  LogText log;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    // A line without its end may be half of one, and half a mask is another mask.
    if (end == std::string_view::npos) break;
    const LogLine line = without_log_prefix(text.substr(0, end));
    log.lines.emplace_back(line.text);
    log.kernel.emplace_back(line.kernel);
    text.remove_prefix(end + 1);
    if (log.lines.size() > kMostLines)
      return fail(ErrorCode::kInvalidArgument, "{}:{}: it has more lines than {}", file, log.lines.size(), kMostLines);
  }
  return log;
}

// A dump in a report or a message stands further to the right.
void unindent(std::vector<std::string>& lines) {
  std::string fault;
  for (const std::string& line : lines) {
    const std::size_t blanks = line.find_first_not_of(' ');
    if (blanks == std::string::npos || blanks == 0 || !cpu_in(std::string_view(line).substr(blanks), fault)) continue;
    for (std::string& each : lines) each.erase(0, std::min({blanks, each.size(), each.find_first_not_of(' ')}));
    return;
  }
}

// Where the kernel's buffer was full, the line before is half of one.
void drop_half_lines(std::vector<std::string>& lines) {
  for (std::size_t at = 0; at < lines.size(); ++at) {
    if (!is_cut(lines[at])) continue;
    for (std::size_t before = at; before-- > 0;) {
      if (lines[before].empty()) continue;
      lines[before].clear();
      break;
    }
  }
}

bool begins_dump(std::string_view line) {
  return trigger_in(line) || line.find("Debug dump triggered by ") != std::string_view::npos;
}

std::optional<std::size_t> begin_of_dump(const std::vector<std::string>& lines, std::size_t& others) {
  std::optional<std::size_t> last;
  for (std::size_t at = 0; at < lines.size(); ++at) {
    if (!begins_dump(lines[at])) continue;
    others += last.has_value();
    last = at;
  }
  if (last) return last;
  std::string fault;
  for (std::size_t at = 0; at < lines.size(); ++at)
    if (cpu_in(lines[at], fault) || !fault.empty()) return at;
  return {};
}

// "smpboot: CPU 3 is now offline", "smpboot: Booting Node 0 Processor 3 APIC 0x3".
void read_hotplug(std::string_view line, std::set<Cpu>& offline) {
  constexpr std::string_view kGone = " is now offline", kNumber = "CPU ", kBooting = "Booting Node ",
                             kBack = "Processor ";
  const std::size_t gone = line.find(kGone), booting = line.find(kBooting);
  std::size_t number = std::string_view::npos;
  if (gone != std::string_view::npos)
    number = line.rfind(kNumber, gone);
  else if (booting != std::string_view::npos)
    number = line.find(kBack, booting);
  if (number == std::string_view::npos) return;
  number += gone != std::string_view::npos ? kNumber.size() : kBack.size();
  Cpu cpu = 0;
  if (std::from_chars(line.data() + number, line.data() + line.size(), cpu).ec != std::errc()) return;
  if (cpu < 0 || static_cast<std::size_t>(cpu) >= kMostDumpCpus) return;
  if (gone != std::string_view::npos)
    offline.insert(cpu);
  else
    offline.erase(cpu);
}

// "runnable task stall (cg_0/1[106] failed to run for 3.039s)"
void take_reason(const std::string& line, DumpLog& log) {
  const std::size_t open = line.find(" (");
  log.reason = line.substr(0, open);
  if (open != std::string::npos && line.ends_with(')')) log.message = line.substr(open + 2, line.size() - open - 3);
}

// What the kernel's own lines say of the exit that the dump is of: the one with its message, or the last.
void read_exits(const std::vector<std::string>& kernel, DumpLog& log) {
  SchedulerLog scheduler;
  for (const std::string& line : kernel) scheduler.line(line);
  log.ops = scheduler.enabled_ops();
  const auto& exits = scheduler.exits();
  if (exits.empty() || log.reason.starts_with("Debug dump")) return;
  auto exit = std::find_if(exits.rbegin(), exits.rend(), [&](const SchedulerExit& each) {
    return each.reason == log.reason && each.message == log.message;
  });
  if (exit == exits.rend()) {
    exit = exits.rbegin();
    if (!log.reason.empty())
      log.notes.push_back(fmt::format("the log's last exit of a scheduler ({}: {}) is another than the dump's",
                                      exit->reason, exit->message));
  }
  log.ops = exit->ops;
  log.was_enabled = exit->was_enabled;
  if (log.reason.empty()) {
    log.reason = exit->reason;
    log.message = exit->message;
  }
}

// Of "[    3.123] ...".
std::optional<double> time_of_kernel(std::string_view line) {
  if (!line.starts_with('[')) return {};
  const std::size_t digits = line.find_first_not_of(' ', 1);
  if (digits == std::string_view::npos) return {};
  double seconds = 0;
  const auto parsed = std::from_chars(line.data() + digits, line.data() + line.size(), seconds);
  if (parsed.ec != std::errc() || parsed.ptr == line.data() + line.size() || *parsed.ptr != ']') return {};
  return seconds;
}

void read_uptime(const std::vector<std::string>& kernel, DumpLog& log) {
  const std::string enabled = fmt::format("BPF scheduler \"{}\" enabled", log.ops);
  const std::string disabled = fmt::format("BPF scheduler \"{}\" disabled ({})", log.ops, log.reason);
  std::optional<double> since;
  for (const std::string& line : kernel) {
    const auto time = time_of_kernel(line);
    if (line.find(enabled) != std::string::npos) since = time;
    if (line.find(disabled) != std::string::npos && since && time && *time >= *since) log.uptime_s = *time - *since;
  }
}

// Backtraces, counters, and what else the kernel prints in a dump.
bool is_of_kernel(std::string_view line) {
  constexpr std::string_view kBegins[] = {"scx_state/flags=",
                                          "sticky/holding_cpu=",
                                          "dsq_vtime=",
                                          "cpus=",
                                          "curr=",
                                          "rescue=",
                                          "cpus_to_",
                                          "idle_to_kick",
                                          "Backtrace:",
                                          "CPU states",
                                          "Runqueue states",
                                          "----",
                                          "====",
                                          "Event counters",
                                          "SCX_EV",
                                          "~~~~",
                                          "EXIT: "};
  std::string fault;
  if (line.find("+0x") != std::string_view::npos || cpu_in(line, fault) || task_in(line, fault)) return true;
  line = trimmed(line);
  return line.empty() || std::any_of(std::begin(kBegins), std::end(kBegins),
                                     [&](std::string_view each) { return line.starts_with(each); });
}

void note_strangers(const std::vector<std::string>& lines, DumpLog& log) {
  std::size_t strangers = 0, first = 0;
  for (std::size_t at = log.dump.first_line + 1; at < log.dump.end_line; ++at) {
    if (is_of_kernel(lines[at]) || trimmed(lines[at]) == log.dump.reason) continue;
    if (strangers++ == 0) first = at + 1;
  }
  if (strangers > 0)
    log.notes.push_back(fmt::format(
        "line {}{}: not of the kernel's dump, but what the scheduler says of itself or another message; passed over",
        first, strangers > 1 ? fmt::format(" and {} more lines", strangers - 1) : ""));
}

Status check_dump(const SchedExtDump& dump, const std::string& file) {
  std::set<int> seen;
  std::size_t in_masks = 0;
  for (const DumpCpu& cpu : dump.cpus) {
    if (!seen.insert(cpu.cpu).second)
      return fail(ErrorCode::kInvalidArgument, "{}:{}: CPU {} is there a second time: two dumps are mixed", file,
                  cpu.first_line + 1, cpu.cpu);
    for (const DumpTask& task : cpu.tasks) {
      in_masks += task.cpus.size();
      if (in_masks > kMostMaskCpus)
        return fail(ErrorCode::kInvalidArgument, "{}:{}: all masks together have more than {} CPUs", file,
                    task.line + 1, kMostMaskCpus);
    }
  }
  return ok();
}

// SCX_RQ_ONLINE, the lowest of a runqueue's flags.
bool says_offline(const DumpCpu& cpu) {
  constexpr std::string_view kFlags = "flags=0x";
  const std::size_t at = cpu.queue.find(kFlags);
  std::uint32_t flags = 0;
  if (at == std::string::npos) return false;
  const char* const begin = cpu.queue.data() + at + kFlags.size();
  return std::from_chars(begin, cpu.queue.data() + cpu.queue.size(), flags, 16).ec == std::errc() && (flags & 1) == 0;
}

}  // namespace

Result<DumpLog> read_dump_log(std::string_view text, const std::string& file) {
  KTSTR_TRY_ASSIGN(LogText read, lines_of(text, file));
  unindent(read.lines);
  drop_half_lines(read.lines);
  DumpLog log;
  std::size_t others = 0;
  const auto begin = begin_of_dump(read.lines, others);
  if (!begin)
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("{}:{}: there is no dump of sched_ext up to here", file, read.lines.size()))
        .with_hint(
            "it has lines like \"worker[12] triggered exit kind 1026:\" and \"CPU 0   : nr_run=2 flags=0x1 ...\"; "
            "schedulers print it below DEBUG DUMP, to stderr or the journal");
  std::vector<DumpFault> faults;
  log.dump = read_dump(read.lines, *begin, &faults);
  if (!faults.empty())
    return fail(ErrorCode::kInvalidArgument, "{}:{}: {}", file, faults.front().line + 1, escaped(faults.front().what));
  KTSTR_TRY(check_dump(log.dump, file));
  if (log.dump.cpus.empty())
    return fail(ErrorCode::kInvalidArgument, "{}:{}: the dump has no CPU with a task", file, log.dump.end_line);
  if (log.dump.has_trigger)
    take_reason(log.dump.reason, log);
  else if (begins_dump(read.lines[*begin]))
    log.reason = trimmed(read.lines[*begin]);  // of sysrq-D: no exit
  read_exits(read.kernel, log);
  read_uptime(read.kernel, log);
  std::set<Cpu> offline;
  for (std::size_t at = 0; at < *begin; ++at) read_hotplug(read.lines[at], offline);
  for (const DumpCpu& cpu : log.dump.cpus)
    if (says_offline(cpu)) offline.insert(cpu.cpu);
  for (const Cpu cpu : offline) log.offline.add(cpu);
  if (others > 0)
    log.notes.push_back(fmt::format("there are {} dumps; this is the last, from line {} on", others + 1, *begin + 1));
  if (!log.dump.has_trigger && !begins_dump(read.lines[*begin]))
    log.notes.push_back("the dump's beginning is missing, and with it what was before its first CPU");
  if (log.dump.is_cut)
    log.notes.push_back(fmt::format("the kernel cut the dump at line {}: CPUs and tasks after that are missing",
                                    log.dump.end_line + 1));
  note_strangers(read.lines, log);
  return log;
}

}  // namespace ktstr
