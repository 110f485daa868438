// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/judge_kernel.h"

#include <algorithm>

#include "runner/judge/judge_scheduler.h"
#include "runner/judge/kernel_findings.h"
#include "runner/judge/taint.h"
#include "sched_ext/exit_reason.h"
#include "wire/kernel_reports.h"

namespace ktstr {

namespace {

constexpr std::size_t kLinesKept = 12;  // of each report, in the record
constexpr std::size_t kVcpusNamed = 8;

// The step whose start was the last before this moment; 0 before the first.
int step_at(const std::vector<StepMark>& marks, std::uint64_t at_ns) {
  int step = 0;
  for (const StepMark& mark : marks)
    if (mark.kind == StepMark::Kind::kStepStart && mark.at_ns <= at_ns) step = mark.step;
  return step;
}

std::string message_of(const KernelFinding& finding) {
  std::string text = finding.what;
  if (!finding.place.empty() && text.find(finding.place) == std::string::npos) text += "; at " + finding.place;
  if (!finding.task.empty() && finding.kind != DetailKind::kHungTask) text += ", in " + finding.task;
  if (finding.cpu >= 0) text += fmt::format(" on CPU {}", finding.cpu);
  if (finding.count > 1) text += fmt::format("; {} times", finding.count);
  return text;
}

bool is_allowed(const std::vector<std::string>& allowed, const std::string& message,
                const std::vector<std::string>& lines) {
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& text) {
    return message.find(text) != std::string::npos ||
           std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.find(text) != std::string::npos; });
  });
}

// A fault, or a note where the test allows it.
Detail judged(const Checks& checks, DetailKind kind, std::string message, const std::vector<std::string>& lines,
              int step) {
  if (is_allowed(checks.kernel_log_allow, message, lines))
    return {.verdict = Verdict::kPass,
            .kind = DetailKind::kNote,
            .message = fmt::format("allowed by kernel_log_allow: {}: {}", to_string(kind), message),
            .step = step};
  return {.verdict = Verdict::kFail, .kind = kind, .message = std::move(message), .step = step};
}

// Of a guest that died the console may have more than the agent could send. Where it did not, the agent has all, and
// nobody takes what programs print on the console for the kernel's words.
bool says_more_on_console(GuestEnd end) {
  return end != GuestEnd::kCompleted && end != GuestEnd::kFlood && end != GuestEnd::kTooMuchSaid;
}

std::vector<KernelFinding> all_findings(const GuestStory& story, const GuestOutcome& guest) {
  auto findings = kernel_findings(story.kernel_log, story.kernel_log_ns);
  if (!says_more_on_console(guest.end)) return findings;
  // Its time is when the guest was last heard of: no later mark has come.
  const std::uint64_t last = story.marks.empty() ? 0 : story.marks.back().at_ns;
  for (KernelFinding& finding : kernel_findings(guest.console_tail)) {
    finding.at_ns = last;
    const bool known = std::any_of(findings.begin(), findings.end(), [&](const KernelFinding& other) {
      return other.kind == finding.kind && (other.place == finding.place || other.what == finding.what);
    });
    if (!known) findings.push_back(std::move(finding));
  }
  return findings;
}

// Registers and the like: what was called explains more, in few lines.
bool is_detail_of_machine(std::string_view text) {
  constexpr std::string_view kBeginnings[] = {"Code: ",          "RSP: ",    "RAX: ", "RDX: ", "RBP: ",  "R10: ",
                                              "R13: ",           "FS: ",     "CS: ",  "CR2: ", "PKRU: ", "PGD ",
                                              "Hardware name: ", "Tainted: "};
  return std::any_of(std::begin(kBeginnings), std::end(kBeginnings),
                     [&](std::string_view beginning) { return text.starts_with(beginning); });
}

void keep_report(const KernelFinding& finding, RunRecord& record) {
  auto& kept = record.kernel_reports;
  if (!kept.empty()) kept.emplace_back();
  std::size_t shown = 0;
  for (const std::string& line : finding.lines) {
    if (shown == kLinesKept) break;
    if (is_detail_of_machine(without_log_stamp(line))) continue;
    kept.push_back(line);
    ++shown;
  }
  if (shown == kLinesKept) kept.emplace_back("... (the rest is in the kernel log of result.json)");
}

void add_note(RunRecord& record, std::string message) {
  record.details.push_back({.verdict = Verdict::kPass, .kind = DetailKind::kNote, .message = std::move(message)});
}

// `explained`: a report was found, and reports set some of the flags.
void judge_taint(const Checks& checks, const GuestStory& story, bool explained, RunRecord& record) {
  if (!story.taint_at_start) return;
  const std::uint64_t fresh = story.taint & ~*story.taint_at_start;
  record.new_taint = taint_letters(fresh);
  if (!checks.kernel_log_on()) return;
  if (*story.taint_at_start != 0)
    add_note(record, "the kernel was tainted before the test: " + describe_taint(*story.taint_at_start));
  if ((fresh & kModuleTaints) != 0)
    add_note(record, "the test tainted the kernel: " + describe_taint(fresh & kModuleTaints));
  const std::uint64_t rest = fresh & ~kModuleTaints & ~(explained ? kReportTaints : 0);
  if (rest == 0) return;
  record.details.push_back(judged(
      checks, DetailKind::kKernelTaint,
      fmt::format("new taint of the kernel: {}; no report in its log explains it", describe_taint(rest)), {}, 0));
}

void judge_lost_lines(const GuestStory& story, RunRecord& record) {
  std::uint64_t lost = 0;
  for (const std::string& line : story.kernel_log)
    if (const auto lines = lost_lines(without_log_stamp(line))) lost += std::min<std::uint64_t>(*lines, 1u << 30);
  if (lost == 0) return;
  record.details.push_back(
      {.verdict = Verdict::kInconclusive,
       .kind = DetailKind::kLostEvidence,
       .message = fmt::format("{} lines of the kernel's log were overwritten before they could be read; a report about "
                              "a fault may be among them",
                              lost)});
}

// Where QEMU emulates several vCPUs in a thread each, it rarely runs into a breakpoint by which the kernel changes its
// own code (text_poke) and which it has taken away already: such an oops, and what comes of it, may be QEMU's doing.
void doubt_breakpoints(const RunRequest& request, RunRecord& record) {
  if (record.mode != "tcg" || request.settings.topology.cpus() < 2) return;
  const auto first = std::find_if(record.details.begin(), record.details.end(), [](const Detail& detail) {
    return detail.kind == DetailKind::kKernelOops && detail.message.find("int3: ") != std::string::npos;
  });
  if (first == record.details.end() || first->verdict != Verdict::kFail) return;
  first->message +=
      "; in tcg mode this may be QEMU's doing, which sees a change of the kernel's code late; a run in det mode is "
      "certain";
  for (Detail& detail : record.details) {
    const bool is_of_it = &detail == &*first || detail.kind == DetailKind::kKernelPanic;
    if (is_of_it && detail.verdict == Verdict::kFail) detail.verdict = Verdict::kInconclusive;
  }
}

std::string vcpu_text(const VcpuSeen& vcpu) {
  return fmt::format("CPU {} at {} ({})", vcpu.cpu, vcpu.symbol.empty() ? fmt::format("{:#x}", vcpu.pc) : vcpu.symbol,
                     vcpu.state);
}

std::string vcpus_text(const std::vector<VcpuSeen>& vcpus) {
  std::string text;
  for (std::size_t i = 0; i < vcpus.size() && i < kVcpusNamed; ++i) text += (i == 0 ? "" : ", ") + vcpu_text(vcpus[i]);
  if (vcpus.size() > kVcpusNamed) text += fmt::format(", and {} more", vcpus.size() - kVcpusNamed);
  return text;
}

// Nothing is put down to the scheduler: the guest was lost before that could be seen.
void keep_scheduler(const GuestStory& story, RunRecord& record) {
  if (record.schedulers.empty()) return;
  const KernelLogVerdict kernel = parse_scheduler_exit(story.kernel_log_in_test);
  describe_schedulers(story, record);
  SchedulerSeen& seen = record.scheduler();
  if (!story.scheduler().attached && kernel.enabled) {
    seen.ops = kernel.ops;
    seen.state_at_start = "enabled";
  }
  if (kernel.kind == KernelLogVerdict::Kind::kNone) return;
  seen.exit_reason = kernel.reason;
  seen.exit_message = kernel.message;
}

}  // namespace

bool scheduler_had_ended(const GuestStory& story) {
  const KernelLogVerdict kernel = parse_scheduler_exit(story.kernel_log_in_test);
  return story.scheduler().exited || story.scheduler().not_attached || kernel.kind != KernelLogVerdict::Kind::kNone;
}

void judge_kernel(const RunRequest& request, const GuestStory& story, const GuestOutcome& guest, RunRecord& record) {
  const Checks& checks = request.settings.checks;
  bool explained = guest.end == GuestEnd::kKernelPanic;
  if (checks.kernel_log_on()) {
    if (guest.end == GuestEnd::kCompleted)
      record.checked.push_back({"kernel_log: no oops, warning, stall or new taint of the kernel"});
    for (const KernelFinding& finding : all_findings(story, guest)) {
      explained = true;
      keep_report(finding, record);
      record.details.push_back(
          judged(checks, finding.kind, message_of(finding), finding.lines, step_at(story.marks, finding.at_ns)));
    }
    judge_lost_lines(story, record);
  }
  judge_taint(checks, story, explained, record);
  if (guest.end == GuestEnd::kCompleted) doubt_breakpoints(request, record);
}

bool crawls_by_holds(const RunRequest& request, const GuestOutcome& guest) {
  return guest.crawls && !request.schedule.empty();
}

bool judge_lost_guest(const RunRequest& request, const GuestStory& story, const GuestOutcome& guest,
                      RunRecord& record) {
  keep_scheduler(story, record);
  if (guest.phase == Phase::kBoot) return false;
  judge_kernel(request, story, guest, record);
  const std::uint64_t last = story.marks.empty() ? 0 : story.marks.back().at_ns;
  const Standstill standstill = standstill_of(guest.vcpus);
  if (guest.end == GuestEnd::kHang && !guest.vcpus.empty() && standstill != Standstill::kIdle &&
      !crawls_by_holds(request, guest)) {
    const bool in_kernel = standstill == Standstill::kKernel;
    const std::string what = in_kernel ? "" : "; programs of a higher priority than the agent's keep it from running";
    record.details.insert(record.details.begin(),
                          {.verdict = Verdict::kFail,
                           .kind = in_kernel ? DetailKind::kKernelHang : DetailKind::kStuck,
                           .message = fmt::format("{}{}: {}", guest.message, what, vcpus_text(record.vcpus)),
                           .step = step_at(story.marks, last)});
  }
  if (guest.end == GuestEnd::kKernelPanic || guest.end == GuestEnd::kKernelStall) {
    const bool panic = guest.end == GuestEnd::kKernelPanic;
    // Its report is what the message is about.
    if (!panic)
      std::erase_if(record.details, [](const Detail& detail) {
        return detail.kind == DetailKind::kLockup || detail.kind == DetailKind::kRcuStall;
      });
    record.details.insert(record.details.begin(),
                          {.verdict = Verdict::kFail,
                           .kind = panic ? DetailKind::kKernelPanic : DetailKind::kKernelStall,
                           .message = guest.message + (record.vcpus.empty() ? "" : "; " + vcpus_text(record.vcpus)),
                           .step = step_at(story.marks, last)});
  }
  doubt_breakpoints(request, record);
  const Verdict verdict = AssertResult{.details = record.details}.verdict();
  const bool is_decided =
      verdict == Verdict::kFail || std::any_of(record.details.begin(), record.details.end(), [](const Detail& detail) {
        return detail.verdict == Verdict::kInconclusive && detail.kind == DetailKind::kKernelOops;
      });
  if (is_decided) record.outcome = outcome_of(verdict);
  return is_decided;
}

}  // namespace ktstr
