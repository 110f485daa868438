// SPDX-License-Identifier: Apache-2.0
#include "sched_ext/exit_reason.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace ktstr {

namespace {

using Kind = KernelLogVerdict::Kind;

constexpr std::string_view kSchedulerLine = "BPF scheduler \"";
// Printed by scx_enable() where it refuses without making a scheduler first.
constexpr std::string_view kRefusals[] = {"Not compatible with \"isolcpus=\"", "cid-form scheduler"};
// A hostile log shall not grow this without end; no scheduler restarts so often.
constexpr std::size_t kMostExits = 1000;

// scx_exit_reason(). A text that is not here is an error of the kernel's, unless it says that something was
// unregistered.
constexpr struct {
  std::string_view text;
  EndedBy by;
} kReasons[] = {
    {"unregistered from user space", EndedBy::kUserSpace},
    {"unregistered from BPF", EndedBy::kBpf},
    {"unregistered from the main kernel", EndedBy::kHotplug},
    {"disabled by sysrq-S", EndedBy::kSysrq},
    {"parent exiting", EndedBy::kParent},
    {"runtime error", EndedBy::kKernelError},
    {"scx_bpf_error", EndedBy::kBpfError},
    {"runnable task stall", EndedBy::kWatchdog},
};

EndedBy ended_by(std::string_view reason) {
  for (const auto& [text, by] : kReasons)
    if (reason == text) return by;
  return reason.find("unregistered") != std::string_view::npos ? EndedBy::kUserSpace : EndedBy::kKernelError;
}

// "[    3.123]", "[    3.123][   T12]", "[    3.123] [   T12]"; nothing else may stand before the text.
std::string_view without_brackets(std::string_view line) {
  while (line.starts_with('[')) {
    const std::size_t end = line.find(']');
    if (end == std::string_view::npos) return line;
    line.remove_prefix(end + 1);
    while (line.starts_with(' ')) line.remove_prefix(1);
  }
  return line;
}

std::string_view without_prefix(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
  if (line.starts_with('<')) {
    const std::size_t end = line.find('>');
    if (end < 5) line.remove_prefix(end + 1);
  }
  // /dev/kmsg: "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;" (Documentation/ABI/testing/dev-kmsg)
  const std::size_t fields = line.find_first_not_of("0123456789,-c");
  if (fields != std::string_view::npos && fields > 0 && line[fields] == ';') line.remove_prefix(fields + 1);
  return without_brackets(line);
}

// Of "[    3.123] ...".
double time_of(std::string_view line) {
  double seconds = -1;
  if (!line.starts_with('[')) return seconds;
  const std::size_t digits = line.find_first_not_of(' ', 1);
  if (digits == std::string_view::npos) return seconds;
  const auto parsed = std::from_chars(line.data() + digits, line.data() + line.size(), seconds);
  return parsed.ec == std::errc() ? seconds : -1;
}

// What stands after "sched_ext: ".
std::optional<std::string_view> sched_ext_text(std::string_view line) {
  constexpr std::string_view kPrefix = "sched_ext: ";
  line = without_prefix(line);
  if (!line.starts_with(kPrefix)) return {};
  return line.substr(kPrefix.size());
}

Kind kind_of(const SchedulerExit& exit) {
  if (!is_error(exit.by)) return Kind::kClean;
  if (!exit.was_enabled) return Kind::kRejected;
  return exit.by == EndedBy::kWatchdog ? Kind::kStalled : Kind::kCrashed;
}

// What a line of a scheduler's output says of an exit of this reason.
std::optional<std::string> message_in(std::string_view line, std::string_view reason) {
  const std::size_t at = line.find(reason);
  if (at == std::string_view::npos) return {};
  std::string_view rest = line.substr(at + reason.size());
  if (const std::size_t end = rest.rfind(')'); rest.starts_with(" (") && end != std::string_view::npos)
    return std::string(rest.substr(2, end - 2));
  constexpr std::string_view kMessage = "\" msg=\"";
  if (rest.starts_with(kMessage) && rest.ends_with('"') && rest.size() > kMessage.size())
    return std::string(rest.substr(kMessage.size(), rest.size() - kMessage.size() - 1));
  return {};
}

}  // namespace

bool is_error(EndedBy by) {
  return by == EndedBy::kWatchdog || by == EndedBy::kBpfError || by == EndedBy::kKernelError || by == EndedBy::kRefused;
}

void SchedulerLog::line(std::string_view raw) {
  const auto text = sched_ext_text(raw);
  if (!text) return;
  if (awaits_message_) take_message(*text);
  if (text->starts_with(kSchedulerLine)) {
    scheduler_line(text->substr(kSchedulerLine.size()), time_of(raw));
    return;
  }
  for (const std::string_view refusal : kRefusals)
    if (text->starts_with(refusal) && exits_.size() < kMostExits)
      exits_.push_back(
          {.by = EndedBy::kRefused, .ops = {}, .reason = "refused by the kernel", .message = std::string(*text)});
}

// `NAME" enabled` or `NAME" disabled (REASON)`.
void SchedulerLog::scheduler_line(std::string_view rest, double time_s) {
  const std::size_t quote = rest.rfind("\" ");
  if (quote == std::string_view::npos) return;
  const std::string_view name = rest.substr(0, quote);
  std::string_view what = rest.substr(quote + 2);
  if (what.starts_with("enabled")) {
    enabled_now_ = true;
    if (enabled_ops_.empty()) enabled_ops_ = name;
    // An attempt to come back may have been ended too: CPUs that came and went meanwhile are enough.
    for (auto exit = exits_.rbegin(); exit != exits_.rend() && exit->ops == name && !exit->attached_again; ++exit) {
      exit->attached_again = true;
      exit->again_s = std::exchange(time_s, exit->ended_s);
    }
    return;
  }
  constexpr std::string_view kDisabled = "disabled (";
  if (!what.starts_with(kDisabled) || !what.ends_with(')')) return;
  what = what.substr(kDisabled.size(), what.size() - kDisabled.size() - 1);
  const bool was_enabled = std::exchange(enabled_now_, false);
  if (exits_.size() == kMostExits) return;
  exits_.push_back({.by = ended_by(what),
                    .ops = std::string(name),
                    .reason = std::string(what),
                    .message = {},
                    .was_enabled = was_enabled,
                    .ended_s = time_s});
  awaits_message_ = is_error(exits_.back().by);
}

void SchedulerLog::take_message(std::string_view text) {
  const std::string prefix = exits_.back().ops + ": ";
  if (text.starts_with(prefix)) exits_.back().message = text.substr(prefix.size());
  awaits_message_ = false;
}

std::string_view to_string(KernelLogVerdict::Kind kind) {
  switch (kind) {
    case Kind::kNone:
      return "none";
    case Kind::kClean:
      return "clean";
    case Kind::kCrashed:
      return "crashed";
    case Kind::kStalled:
      return "stalled";
    case Kind::kRejected:
      return "rejected";
  }
  return "unknown";
}

KernelLogVerdict parse_scheduler_exit(const std::vector<std::string>& lines) {
  SchedulerLog log;
  for (const std::string& line : lines) log.line(line);
  KernelLogVerdict verdict;
  verdict.enabled = log.was_enabled();
  verdict.ops = log.enabled_ops();
  verdict.exits = log.exits();
  if (verdict.exits.empty()) return verdict;
  const auto error = std::find_if(verdict.exits.begin(), verdict.exits.end(),
                                  [](const SchedulerExit& exit) { return is_error(exit.by); });
  const SchedulerExit& decides = error == verdict.exits.end() ? verdict.exits.back() : *error;
  verdict.kind = kind_of(decides);
  verdict.by = decides.by;
  verdict.ops = decides.ops;
  verdict.reason = decides.reason;
  verdict.message = decides.message;
  return verdict;
}

void take_messages_from_output(const std::vector<std::string>& scheduler_output, std::vector<SchedulerExit>& exits) {
  auto from = scheduler_output.begin();
  for (SchedulerExit& exit : exits) {
    if (!exit.message.empty() || is_error(exit.by)) continue;
    for (auto line = from; line != scheduler_output.end(); ++line) {
      auto message = message_in(*line, exit.reason);
      if (!message) continue;
      exit.message = *std::move(message);
      from = line + 1;
      break;
    }
  }
}

}  // namespace ktstr
