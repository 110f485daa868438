// SPDX-License-Identifier: Apache-2.0
#include "wire/kernel_reports.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace ktstr {

namespace {

// kInReport: after the name of what watches over the kernel, since what a program or a cgroup is called stands in the
// middle of many other lines.
enum class Where { kStart, kInReport };

struct Sign {
  DetailKind kind;
  std::string_view text;
  Where where = Where::kStart;
};

// The first that fits decides. Texts: kernel/panic.c, arch/x86/kernel/{traps,dumpstack}.c, arch/x86/mm/fault.c,
// lib/bug.c, kernel/sched/core.c, kernel/locking/lockdep.c, kernel/rcu/tree_stall.h, kernel/hung_task.c,
// kernel/watchdog.c, kernel/workqueue.c, mm/kasan/report.c, lib/ubsan.c.
constexpr Sign kSigns[] = {
    {DetailKind::kLockup, "BUG: soft lockup", Where::kInReport},
    {DetailKind::kLockup, "hard LOCKUP", Where::kInReport},
    {DetailKind::kLockup, "BUG: workqueue lockup"},
    {DetailKind::kRcuStall, "self-detected stall on CPU", Where::kInReport},
    {DetailKind::kRcuStall, "detected stalls on CPUs/tasks", Where::kInReport},
    {DetailKind::kRcuStall, "detected expedited stalls on CPUs/tasks", Where::kInReport},
    {DetailKind::kRcuStall, "rcu: rcu_preempt kthread starved for"},
    {DetailKind::kRcuStall, "rcu: rcu_sched kthread starved for"},
    {DetailKind::kLockdep, "BUG: sleeping function called from invalid context"},
    {DetailKind::kLockdep, "BUG: scheduling while atomic"},
    {DetailKind::kLockdep, "BUG: workqueue leaked"},
    {DetailKind::kLockdep, "BUG: using "},         // "BUG: using smp_processor_id() in preemptible"
    {DetailKind::kLockdep, "WARNING: possible "},  // circular, recursive, irq lock inversion
    {DetailKind::kLockdep, "WARNING: inconsistent lock state"},
    {DetailKind::kLockdep, "WARNING: suspicious RCU usage"},
    {DetailKind::kLockdep, "WARNING: bad unlock balance"},
    {DetailKind::kLockdep, "WARNING: held lock freed"},
    {DetailKind::kLockdep, "WARNING: lock held when returning"},
    {DetailKind::kLockdep, "WARNING: Nested lock was not taken"},
    {DetailKind::kLockdep, "[ BUG: Invalid wait context ]"},
    {DetailKind::kLockdep, "DEBUG_LOCKS_WARN_ON"},
    {DetailKind::kKernelWarning, "WARNING: "},
    {DetailKind::kKernelWarning, "UBSAN: "},
    {DetailKind::kKernelWarning, "unchecked MSR access error"},
    {DetailKind::kKernelOops, "kernel BUG at "},
    {DetailKind::kKernelOops, "BUG: "},
    {DetailKind::kKernelOops, "Oops: "},
    {DetailKind::kKernelOops, "general protection fault"},
    {DetailKind::kKernelOops, "invalid opcode: "},
    {DetailKind::kKernelOops, "divide error: "},
    {DetailKind::kKernelOops, "stack segment: "},
    {DetailKind::kKernelOops, "traps: PANIC: "},
};

constexpr std::string_view kLostBefore = "ktstr: ";
constexpr std::string_view kLostAfter = " lines of the kernel's log were overwritten before they could be read";

bool shows(const Sign& sign, std::string_view text) {
  if (sign.where == Where::kStart) return text.starts_with(sign.text);
  constexpr std::string_view kWatchers[] = {"watchdog: ", "NMI watchdog: ", "rcu: ", "INFO: rcu", "BUG: soft lockup"};
  return text.find(sign.text) != std::string_view::npos &&
         std::any_of(std::begin(kWatchers), std::end(kWatchers),
                     [&](std::string_view watcher) { return text.starts_with(watcher); });
}

// Whether `text` begins with a number between these brackets and goes on with one of these.
bool begins_with_pid(std::string_view text, char open, char close, std::string_view next) {
  if (!text.starts_with(open)) return false;
  const std::size_t end = text.find_first_not_of("0123456789", 1);
  return end != std::string_view::npos && end > 1 && text[end] == close && end + 1 < text.size() &&
         next.find(text[end + 1]) != std::string_view::npos;
}

// What comes after the name of a program in lines that begin with it. Texts: arch/x86/mm/fault.c,
// arch/x86/kernel/traps.c, mm/oom_kill.c, mm/page_alloc.c, and messages about old interfaces, as of fs/drop_caches.c.
bool goes_on_as_of_a_program(std::string_view text) {
  return begins_with_pid(text, '[', ']', ": ") || text.starts_with(" invoked oom-killer: ") ||
         text.starts_with(": page allocation failure: ") || text.starts_with(": vmalloc error: ") ||
         (text.starts_with(' ') && begins_with_pid(text.substr(1), '(', ')', ": "));
}

// "INFO: task worker:123 blocked for more than 120 seconds."
bool is_hung_task(std::string_view text) {
  return text.starts_with("INFO: task ") && text.find(" blocked ") != std::string_view::npos;
}

}  // namespace

std::optional<DetailKind> kernel_report_kind(std::string_view text) {
  // Its own messages are about schedulers (sched_ext/exit_reason.h).
  if (text.starts_with("sched_ext")) return {};
  if (is_hung_task(text)) return DetailKind::kHungTask;
  if (is_about_a_program(text)) return {};
  for (const Sign& sign : kSigns)
    if (shows(sign, text)) return sign.kind;
  return {};
}

bool is_about_a_program(std::string_view text) {
  constexpr std::string_view kTraps = "traps: ";
  constexpr int kMostOfName = 15;  // TASK_COMM_LEN, without its end
  if (text.starts_with(kTraps)) text.remove_prefix(kTraps.size());
  std::size_t at = 0;
  for (int i = 0; i < kMostOfName && at < text.size(); ++i) {
    // /dev/kmsg writes what cannot be printed as "\x1b".
    at += text.substr(at, 2) == "\\x" ? 4 : 1;
    if (at < text.size() && goes_on_as_of_a_program(text.substr(at))) return true;
  }
  return false;
}

bool is_cut_here(std::string_view text) { return text.starts_with("------------[ cut here ]"); }

std::string_view without_log_stamp(std::string_view line) {
  while (line.starts_with('[')) {
    const std::size_t end = line.find(']');
    // "[ BUG: Invalid wait context ]" is text.
    if (end == std::string_view::npos || line.substr(1, end - 1).find(':') != std::string_view::npos) return line;
    line.remove_prefix(end + 1);
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(' ')));
  }
  return line;
}

std::string lost_lines_text(std::uint64_t lines) { return fmt::format("{}{}{}", kLostBefore, lines, kLostAfter); }

std::optional<std::uint64_t> lost_lines(std::string_view text) {
  if (!text.starts_with(kLostBefore) || !text.ends_with(kLostAfter)) return {};
  std::uint64_t lines = 0;
  const std::string_view number = text.substr(kLostBefore.size(), text.size() - kLostBefore.size() - kLostAfter.size());
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), lines);
  if (parsed.ec != std::errc() || parsed.ptr != number.data() + number.size()) return {};
  return lines;
}

}  // namespace ktstr
