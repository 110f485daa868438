// SPDX-License-Identifier: Apache-2.0
#include "wire/kernel_reports.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace ktstr {

namespace {

enum class Where { kStart, kAnywhere };

struct Sign {
  DetailKind kind;
  std::string_view text;
  Where where = Where::kStart;
};

// The first that fits decides. Texts: kernel/panic.c, arch/x86/kernel/{traps,dumpstack}.c, arch/x86/mm/fault.c, lib/bug.c,
// kernel/sched/core.c, kernel/locking/lockdep.c, kernel/rcu/tree_stall.h, kernel/hung_task.c, kernel/watchdog.c,
// kernel/workqueue.c, mm/kasan/report.c, lib/ubsan.c.
constexpr Sign kSigns[] = {
    {DetailKind::kLockup, "BUG: soft lockup", Where::kAnywhere},
    {DetailKind::kLockup, "hard LOCKUP", Where::kAnywhere},
    {DetailKind::kLockup, "BUG: workqueue lockup"},
    {DetailKind::kRcuStall, "self-detected stall on CPU", Where::kAnywhere},
    {DetailKind::kRcuStall, "detected stalls on CPUs/tasks", Where::kAnywhere},
    {DetailKind::kRcuStall, "detected expedited stalls on CPUs/tasks", Where::kAnywhere},
    {DetailKind::kRcuStall, "rcu: rcu_preempt kthread starved for"},
    {DetailKind::kRcuStall, "rcu: rcu_sched kthread starved for"},
    {DetailKind::kLockdep, "BUG: sleeping function called from invalid context"},
    {DetailKind::kLockdep, "BUG: scheduling while atomic"},
    {DetailKind::kLockdep, "BUG: workqueue leaked"},
    {DetailKind::kLockdep, "BUG: using ", Where::kStart},  // "BUG: using smp_processor_id() in preemptible"
    {DetailKind::kLockdep, "WARNING: possible "},          // circular, recursive, irq lock inversion
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
  return sign.where == Where::kStart ? text.starts_with(sign.text) : text.find(sign.text) != std::string_view::npos;
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
  for (const Sign& sign : kSigns)
    if (shows(sign, text)) return sign.kind;
  return {};
}

bool is_cut_here(std::string_view text) { return text.find("-[ cut here ]-") != std::string_view::npos; }

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
  const std::string_view number =
      text.substr(kLostBefore.size(), text.size() - kLostBefore.size() - kLostAfter.size());
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), lines);
  if (parsed.ec != std::errc() || parsed.ptr != number.data() + number.size()) return {};
  return lines;
}

}  // namespace ktstr
