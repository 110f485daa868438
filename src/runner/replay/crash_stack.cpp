// SPDX-License-Identifier: Apache-2.0
#include "runner/replay/crash_stack.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/text/trimmed.h"
#include "sched_ext/log_prefix.h"

namespace ktstr {

namespace {

constexpr std::size_t kMostFunctions = 24;
constexpr std::string_view kBpf = "bpf_prog_";
constexpr std::size_t kBpfTag = 16;

// How the kernel comes to anything at all; and what prints the stack.
constexpr std::string_view kEverywhere[] = {
    "asm_",
    "entry_",
    "common_startup_",
    "secondary_startup_",
    "start_secondary",
    "cpu_startup_entry",
    "do_idle",
    "ret_from_fork",
    "kthread",
    "do_syscall_64",
    "x64_sys_call",
    "dump_stack",
    "show_",
    "stack_trace_",
    "worker_thread",
    "process_one_work",
    "bpf_trampoline_",
    "__bpf_prog_",
    "bpf__sched_ext_ops_",
    "stack_depot",
    "__warn",
    "report_bug",
    "handle_bug",
    "exc_invalid_op",
    "panic",
    "sysvec_",
    "__sysvec_",
    "__irq_exit_rcu",
    "irq_exit_rcu",
    "handle_softirqs",
    "__do_softirq",
    "hrtimer_",
    "__hrtimer_",
    "local_apic_",
};

// What an interrupt has come to has no part in what it does.
bool is_interrupt(std::string_view name) {
  return name.starts_with("asm_sysvec_") || name.starts_with("asm_common_interrupt");
}

bool is_hexadecimal(std::string_view text) {
  return text.size() > 2 && text.starts_with("0x") && text.find_first_not_of("0123456789abcdef", 2) == text.npos;
}

// Of "scx_vexit+0x12/0x90" and "RIP: 0010:scx_vexit+0x12/0x90".
std::optional<StackFunction> function_in(std::string_view line) {
  if (line.starts_with("? ")) return std::nullopt;
  if (const auto rip = line.find("RIP: 0010:"); rip != line.npos) line.remove_prefix(rip + 10);
  const auto plus = line.find('+');
  const auto slash = line.find('/', plus == line.npos ? 0 : plus);
  if (plus == line.npos || slash == line.npos || plus == 0) return std::nullopt;
  const std::string_view end = line.substr(slash + 1, line.find(' ', slash) - slash - 1);
  if (!is_hexadecimal(line.substr(plus + 1, slash - plus - 1)) || !is_hexadecimal(end)) return std::nullopt;
  std::string_view name = line.substr(0, plus);
  if (name.find(' ') != name.npos) return std::nullopt;
  const bool bpf = name.starts_with(kBpf) && name.size() > kBpf.size() + kBpfTag + 1;
  if (bpf) name.remove_prefix(kBpf.size() + kBpfTag + 1);
  return StackFunction{std::string(name), bpf};
}

// "RSP: 0018:ffffc90000013e60 EFLAGS: 00010046", "R13: ..."
bool is_of_registers(std::string_view text) {
  const std::string_view first = text.substr(0, text.find(':'));
  return !first.empty() && first.size() < text.size() && first.size() <= 4 &&
         std::all_of(first.begin(), first.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

}  // namespace

std::vector<StackFunction> crash_stack(const std::vector<std::string>& log) {
  std::vector<StackFunction> stack;
  bool is_in_it = false;
  for (const std::string& line : log) {
    const std::string_view text = trimmed(without_log_prefix(line).text);
    const auto function = function_in(text);
    if (!function) {
      const bool goes_on = text.starts_with("? ") || text.starts_with("<") || text.starts_with("Call Trace") ||
                           text.starts_with("Code:") || is_of_registers(text);
      if (is_in_it && stack.size() > 1 && !goes_on) break;
      continue;
    }
    is_in_it = true;
    if (is_interrupt(function->name) && !stack.empty()) break;
    const bool everywhere =
        !function->bpf && std::any_of(std::begin(kEverywhere), std::end(kEverywhere),
                                      [&](std::string_view begin) { return function->name.starts_with(begin); });
    if (everywhere || std::find(stack.begin(), stack.end(), *function) != stack.end()) continue;
    stack.push_back(*function);
    if (stack.size() == kMostFunctions) break;
  }
  return stack;
}

}  // namespace ktstr
