// SPDX-License-Identifier: Apache-2.0
#include "scheduler/exit_reason.h"

#include <optional>
#include <utility>

namespace ktstr {

namespace {

using Kind = KernelLogVerdict::Kind;

constexpr std::string_view kSchedulerLine = "BPF scheduler \"";
// Printed by scx_enable() where it refuses without making a scheduler first.
constexpr std::string_view kRefusals[] = {"Not compatible with \"isolcpus=\"", "cid-form scheduler"};

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
    if (end != std::string_view::npos && end < 5) line.remove_prefix(end + 1);
  }
  // /dev/kmsg: "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;" (Documentation/ABI/testing/dev-kmsg)
  const std::size_t fields = line.find_first_not_of("0123456789,-c");
  if (fields != std::string_view::npos && fields > 0 && line[fields] == ';') line.remove_prefix(fields + 1);
  return without_brackets(line);
}

// What stands behind "sched_ext: ".
std::optional<std::string_view> sched_ext_text(std::string_view line) {
  constexpr std::string_view kPrefix = "sched_ext: ";
  line = without_prefix(line);
  if (!line.starts_with(kPrefix)) return {};
  return line.substr(kPrefix.size());
}

Kind kind_of(std::string_view reason, bool was_enabled) {
  if (reason.starts_with("unregistered") || reason.starts_with("BPF scheduler unregistered") ||
      reason.starts_with("Scheduler unregistered") || reason == "disabled by sysrq-S")
    return Kind::kClean;
  if (!was_enabled) return Kind::kRejected;
  return reason == "runnable task stall" ? Kind::kStalled : Kind::kCrashed;
}

bool is_error(Kind kind) { return kind != Kind::kNone && kind != Kind::kClean; }

class ExitParser {
 public:
  void line(std::string_view text) {
    if (awaits_message_) take_message(text);
    if (text.starts_with(kSchedulerLine)) {
      scheduler_line(text.substr(kSchedulerLine.size()));
      return;
    }
    for (const std::string_view refusal : kRefusals)
      if (text.starts_with(refusal) && !is_error(verdict_.kind)) {
        verdict_.kind = Kind::kRejected;
        verdict_.reason = "refused by the kernel";
        verdict_.message = text;
      }
  }

  KernelLogVerdict finish() && { return std::move(verdict_); }

 private:
  // `NAME" enabled` or `NAME" disabled (REASON)`.
  void scheduler_line(std::string_view rest) {
    const std::size_t quote = rest.rfind("\" ");
    if (quote == std::string_view::npos) return;
    const std::string_view name = rest.substr(0, quote);
    std::string_view what = rest.substr(quote + 2);
    if (what.starts_with("enabled")) {
      enabled_now_ = true;
      verdict_.enabled = true;
      if (verdict_.kind == Kind::kNone) verdict_.ops = name;
      return;
    }
    constexpr std::string_view kDisabled = "disabled (";
    if (!what.starts_with(kDisabled) || !what.ends_with(')')) return;
    what = what.substr(kDisabled.size(), what.size() - kDisabled.size() - 1);
    const bool was_enabled = std::exchange(enabled_now_, false);
    if (is_error(verdict_.kind)) return;
    verdict_.kind = kind_of(what, was_enabled);
    verdict_.ops = name;
    verdict_.reason = what;
    verdict_.message.clear();
    awaits_message_ = is_error(verdict_.kind);
  }

  void take_message(std::string_view text) {
    const std::string prefix = verdict_.ops + ": ";
    if (text.starts_with(prefix)) verdict_.message = text.substr(prefix.size());
    awaits_message_ = false;
  }

  KernelLogVerdict verdict_;
  bool enabled_now_ = false;
  bool awaits_message_ = false;
};

}  // namespace

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
  ExitParser parser;
  for (const std::string& line : lines)
    if (const auto text = sched_ext_text(line)) parser.line(*text);
  return std::move(parser).finish();
}

}  // namespace ktstr
