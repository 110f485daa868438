// SPDX-License-Identifier: Apache-2.0
#include "runner/judge_scheduler.h"

#include <algorithm>

#include "runner/detail_text.h"
#include "sched_ext/exit_reason.h"

namespace ktstr {

namespace {

// "12: (7b) *(u64 *)(r0 +0) = r6"
bool is_instruction(const std::string& line) {
  const std::size_t digits = line.find_first_not_of("0123456789");
  return digits != 0 && digits != std::string::npos && line.compare(digits, 3, ": (") == 0;
}

// libbpf prints the verifier's log before this marker. What was refused stands behind the last instruction looked at.
std::string verifier_words(const std::vector<std::string>& log) {
  auto is_end = [](const std::string& line) { return line.find("END PROG LOAD LOG") != std::string::npos; };
  const auto end = std::find_if(log.begin(), log.end(), is_end);
  if (end == log.end()) return "";
  auto from = std::find_if(std::make_reverse_iterator(end), log.rend(), is_instruction).base();
  auto says_something = [](const std::string& line) {
    return line.find_first_not_of(" \t\r-") != std::string::npos && !line.starts_with(";") &&
           line.find("BEGIN PROG LOAD LOG") == std::string::npos;
  };
  const auto words = std::find_if(from, end, says_something);
  return words == end ? "(it gave no reason)" : *words;
}

Detail not_attached(const GuestStory& story, const KernelLogVerdict& kernel, const PhaseLimits& limits) {
  const std::string exit = story.exited ? story.exited->exit : "";
  if (const std::string verifier = verifier_words(story.scheduler_log); !verifier.empty())
    return failure(DetailKind::kSchedulerRejected, "the BPF verifier refused the scheduler: " + verifier);
  if (kernel.kind != KernelLogVerdict::Kind::kNone)
    return failure(DetailKind::kSchedulerRejected,
                   with_words(fmt::format("the kernel ended the scheduler before it was enabled ({})", kernel.reason),
                              kernel.message));
  if (!exit.empty())
    return failure(DetailKind::kSchedulerRejected,
                   with_words(fmt::format("the scheduler {} before it was enabled", exit), last_words(story.scheduler_log)));
  return failure(DetailKind::kSchedulerNotAttached,
                 fmt::format("the scheduler was not enabled within {} s of guest time (state '{}')",
                             limits.attach.count() / 1000, story.not_attached ? story.not_attached->state : ""));
}

DetailKind kind_of_exit(const GuestStory& story, const KernelLogVerdict& kernel) {
  switch (kernel.kind) {
    case KernelLogVerdict::Kind::kStalled:
      return DetailKind::kSchedulerStalled;
    case KernelLogVerdict::Kind::kCrashed:
    case KernelLogVerdict::Kind::kRejected:
      return DetailKind::kSchedulerCrashed;
    case KernelLogVerdict::Kind::kClean:
    case KernelLogVerdict::Kind::kNone:
      break;
  }
  const bool by_signal = story.exited && story.exited->exit.starts_with("killed");
  return by_signal ? DetailKind::kSchedulerCrashed : DetailKind::kSchedulerExited;
}

Detail ended_early(const GuestStory& story, const KernelLogVerdict& kernel, const std::string& when) {
  const DetailKind kind = kind_of_exit(story, kernel);
  std::string message;
  switch (kind) {
    case DetailKind::kSchedulerStalled:
      message = "the kernel's watchdog ended the scheduler";
      break;
    case DetailKind::kSchedulerCrashed:
      message = "the scheduler crashed";
      break;
    default:
      message = "the scheduler left by itself";
  }
  if (!when.empty()) message += " " + when;
  if (kernel.kind != KernelLogVerdict::Kind::kNone) message += " (" + kernel.reason + ")";
  message = with_words(message, kernel.message);
  if (story.exited) message += "; its process " + story.exited->exit;
  return failure(kind, message);
}

std::string when_it_ended(const GuestStory& story) {
  if (!story.exited || story.body_start_ns == 0 || story.exited_ns < story.body_start_ns) return "";
  return fmt::format("{:.3f} s after the body's start", static_cast<double>(story.exited_ns - story.body_start_ns) / 1e9);
}

}  // namespace

void judge_scheduler(const RunRequest& request, const GuestStory& story, const PhaseLimits& limits, RunRecord& record) {
  if (request.scheduler.empty()) return;
  const KernelLogVerdict kernel = parse_scheduler_exit(story.kernel_log_in_test);
  SchedulerSeen& seen = record.scheduler;
  if (story.attached) {
    seen.ops = story.attached->ops;
    seen.state_at_start = story.attached->state;
  } else if (story.not_attached) {
    seen.state_at_start = story.not_attached->state;
  }
  if (story.checked) seen.state_at_end = story.checked->state;
  if (story.exited) seen.exit = story.exited->exit;
  if (kernel.kind != KernelLogVerdict::Kind::kNone) {
    seen.exit_reason = kernel.reason;
    seen.exit_message = kernel.message;
  }
  if (!request.checks.scheduler_attached_on()) return;
  record.checked.push_back("scheduler: enabled when the body starts, and still at its end");
  if (!story.attached) {
    record.details.insert(record.details.begin(), not_attached(story, kernel, limits));
    return;
  }
  const bool same = story.checked && story.checked->state == "enabled" &&
                    story.checked->enable_seq == story.attached->enable_seq && !story.exited;
  if (same) return;
  // The executor saw only that the process went away; this says why.
  std::erase_if(record.details, [](const Detail& detail) { return detail.kind == DetailKind::kSchedulerExited; });
  record.details.insert(record.details.begin(), ended_early(story, kernel, when_it_ended(story)));
}

}  // namespace ktstr
