// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/kernel_findings.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "wire/kernel_reports.h"

namespace ktstr {

namespace {

constexpr double kReportPauseSeconds = 0.5;  // the kernel prints a report in one go

// "[    5.005678] text" -> 5.005678.
std::optional<double> seconds_of(const std::string& line) {
  if (!line.starts_with('[')) return {};
  char* end = nullptr;
  const double seconds = std::strtod(line.c_str() + 1, &end);
  if (end == line.c_str() + 1 || *end != ']') return {};
  return seconds;
}

std::optional<int> number_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  int value = 0;
  if (at == std::string_view::npos ||
      std::from_chars(text.data() + at + key.size(), text.data() + text.size(), value).ec != std::errc())
    return {};
  return value;
}

// What stands between the first `from` and the next `to`; to the end where there is no `to`. "" without `from`.
std::string_view between(std::string_view text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + from.size());
  return text.substr(0, text.find(to));
}

// "insmod/61" or "insmod:61" -> "insmod[61]"; "" for other text.
std::string task_text(std::string_view text, char separator) {
  const std::size_t at = text.rfind(separator);
  if (at == std::string_view::npos || at == 0) return "";
  const std::string_view pid = text.substr(at + 1);
  if (pid.empty() || pid.find_first_not_of("0123456789") != std::string_view::npos) return "";
  return fmt::format("{}[{}]", text.substr(0, at), pid);
}

// " schedule+0x2d/0xd0" or " ? ..."; "" for a line that is no frame of a call trace, or an unsure one.
std::string_view frame_of(std::string_view text) {
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(' ')));
  const std::size_t plus = text.find("+0x");
  if (plus == 0 || plus == std::string_view::npos || text.find('/', plus) == std::string_view::npos) return {};
  const std::string_view name = text.substr(0, plus);
  const bool symbol = name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") ==
                      std::string_view::npos;
  return symbol ? text : std::string_view();
}

// Where every thread that sleeps stands, or every report is printed.
bool is_machinery(std::string_view frame) {
  constexpr std::string_view kMachinery[] = {"__schedule", "schedule", "preempt_schedule", "dump_stack",
                                             "__might_",   "show_",    "sched_show_task",  "io_schedule"};
  return std::any_of(std::begin(kMachinery), std::end(kMachinery),
                     [&](std::string_view name) { return frame.starts_with(name); });
}

class Parser {
 public:
  void line(const std::string& raw, std::uint64_t at_ns) {
    const std::string_view text = without_log_stamp(raw);
    const auto kind = kernel_report_kind(text);
    const bool cut = is_cut_here(text);
    const auto seconds = seconds_of(raw);
    const bool pause = seconds && last_seconds_ && *seconds - *last_seconds_ > kReportPauseSeconds;
    last_seconds_ = seconds;
    if (open_ && (cut || pause || text.starts_with("sched_ext") || (kind && !continues(*kind)))) close();
    if (!open_ && !cut && !kind) return;
    if (!open_) {
      open_.emplace();
      open_->at_ns = at_ns;
      known_ = false;
    }
    if (open_->lines.size() < kMostReportLines) open_->lines.push_back(raw);
    if (kind)
      name(*kind, text);
    else if (!cut && !known_ && message_.empty())
      message_ = text;
    look_at(text);
    if (text.find("-[ end trace ") != std::string_view::npos) close();
  }

  std::vector<KernelFinding> finish() && {
    close();
    return std::move(found_);
  }

 private:
  // Whether a line that could begin a report belongs to the open one.
  bool continues(DetailKind kind) const {
    if (!known_) return true;
    return kind == open_->kind && (kind == DetailKind::kKernelOops || kind == DetailKind::kRcuStall);
  }

  void name(DetailKind kind, std::string_view text) {
    if (known_) return;
    known_ = true;
    open_->kind = kind;
    text = text.substr(0, text.find(", CPU#"));  // and the task, which the finding has for itself
    // What WARN() was given to say is printed before.
    open_->what = message_.empty() ? std::string(text) : fmt::format("{}; {}", message_, text);
  }

  void look_at(std::string_view text) {
    look_for_place(text);
    look_for_task(text);
    if (open_->cpu < 0) {
      auto cpu = number_after(text, "CPU#");
      if (!cpu) cpu = number_after(text, "CPU: ");
      if (!cpu && open_->kind == DetailKind::kRcuStall && text.find("-....") != std::string_view::npos)
        cpu = stalled_cpu(text);
      if (cpu) open_->cpu = *cpu;
    }
  }

  // "rcu: \t0-....: (5249 ticks this GP)", whose tab may be written "\x09".
  static std::optional<int> stalled_cpu(std::string_view text) {
    const std::size_t dash = text.find("-....");
    std::size_t begin = dash;
    while (begin > 0 && text[begin - 1] >= '0' && text[begin - 1] <= '9') --begin;
    if (text.substr(0, begin).ends_with("\\x")) begin += 2;
    return number_after(text.substr(begin), "");
  }

  void look_for_place(std::string_view text) {
    if (!open_->place.empty()) return;
    if (text.starts_with("WARNING: ")) {
      open_->place = between(text, " at ", ", CPU#");
      return;
    }
    if (text.starts_with("RIP: 0010:")) open_->place = text.substr(std::string_view("RIP: 0010:").size());
    const bool without_registers = open_->kind == DetailKind::kHungTask || open_->kind == DetailKind::kLockdep;
    if (const auto frame = frame_of(text); known_ && without_registers && !frame.empty() && !is_machinery(frame))
      open_->place = frame;
  }

  void look_for_task(std::string_view text) {
    if (!open_->task.empty()) return;
    if (const auto comm = between(text, " Comm: ", " Tainted: "); !comm.empty()) {
      const auto pid = number_after(text, " PID: ");
      open_->task = fmt::format("{}[{}]", comm.substr(0, comm.find(" Not tainted")), pid.value_or(0));
    } else if (text.starts_with("INFO: task ")) {
      open_->task = task_text(between(text, "INFO: task ", " blocked"), ':');
    } else if (text.starts_with("BUG: scheduling while atomic: ")) {
      const std::string_view who = between(text, "atomic: ", "/0x");
      open_->task = task_text(who, '/');
    } else if (text.find(" stuck for ") != std::string_view::npos) {
      open_->task = task_text(between(text, "! [", "]"), ':');
    } else if (text.starts_with("WARNING: ") && text.find(", CPU#") != std::string_view::npos) {
      open_->task = task_text(between(text.substr(text.find(", CPU#")), ": ", "\n"), '/');
    }
  }

  void close() {
    if (!open_) return;
    KernelFinding finding = *std::exchange(open_, {});
    if (!known_) {  // whatever it was, the kernel thought it worth a report
      finding.kind = DetailKind::kKernelWarning;
      finding.what = message_.empty() ? "a report without a name" : message_;
    }
    message_.clear();
    const auto same = std::find_if(found_.begin(), found_.end(), [&](const KernelFinding& other) {
      return other.kind == finding.kind && other.place == finding.place &&
             (!finding.place.empty() || other.what == finding.what);
    });
    if (same != found_.end())
      ++same->count;
    else if (found_.size() < kMostKernelFindings)
      found_.push_back(std::move(finding));
  }

  std::vector<KernelFinding> found_;
  std::optional<KernelFinding> open_;
  bool known_ = false;   // its kind
  std::string message_;  // before the line that names the kind
  std::optional<double> last_seconds_;
};

}  // namespace

std::vector<KernelFinding> kernel_findings(const std::vector<std::string>& lines,
                                           const std::vector<std::uint64_t>& times_ns) {
  Parser parser;
  for (std::size_t i = 0; i < lines.size(); ++i) parser.line(lines[i], i < times_ns.size() ? times_ns[i] : 0);
  return std::move(parser).finish();
}

}  // namespace ktstr
