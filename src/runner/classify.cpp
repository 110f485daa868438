// SPDX-License-Identifier: Apache-2.0
#include "runner/classify.h"

#include <algorithm>

#include "runner/judge_use.h"
#include "scheduler/exit_reason.h"

namespace ktstr {

namespace {

Detail failure(DetailKind kind, std::string message) {
  return {.verdict = Verdict::kFail, .kind = kind, .message = std::move(message)};
}

void infrastructure(RunRecord& record, std::string error, std::string hint = {}) {
  record.outcome = Outcome::kInfrastructure;
  record.error = std::move(error);
  record.error_hint = std::move(hint);
}

// The last line a program printed that says something.
std::string last_words(const std::vector<std::string>& log) {
  for (auto it = log.rbegin(); it != log.rend(); ++it)
    if (it->find_first_not_of(" \t\r") != std::string::npos) return *it;
  return "";
}

std::string with_words(std::string message, const std::string& words) {
  return words.empty() ? message : message + ": " + words;
}

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

// Adds at most one detail about the scheduler, in front.
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

void judge_body(const GuestStory& story, const PhaseLimits& limits, RunRecord& record) {
  if (story.result) return;
  if (story.body_end && story.body_end->timed_out) {
    record.details.push_back(failure(
        DetailKind::kTimeout, fmt::format("the body did not end within {} s of guest time", limits.body.count() / 1000)));
  } else if (story.body_end) {
    record.details.push_back(
        failure(DetailKind::kBodyCrashed,
                with_words(fmt::format("the test's body gave no result: its process {}", story.body_end->exit),
                           last_words(story.body_log))));
  }
}

void classify_completed(const RunRequest& request, const GuestStory& story, const PhaseLimits& limits, RunRecord& record) {
  if (!story.errors.empty()) {
    const GuestErrorRecord& error = story.errors.front();
    infrastructure(record, error.message, error.hint);
    return;
  }
  if (story.result) {
    record.details = story.result->result.details;
    record.cgroups = story.result->result.cgroups;
    record.checked = story.result->result.checked;
  }
  judge_scheduler(request, story, limits, record);
  judge_use(request, story, record);
  if (story.attached || request.scheduler.empty()) judge_body(story, limits, record);
  if (story.result && !story.result->error.empty() && record.details.empty()) {
    record.outcome = story.result->code == ErrorCode::kInvalidArgument ? Outcome::kBadInput : Outcome::kInfrastructure;
    record.error = story.result->error;
    record.error_hint = story.result->error_hint;
    return;
  }
  AssertResult all{.details = record.details, .skipped = story.result && story.result->result.skipped};
  record.outcome = outcome_of(all.verdict());
  judge_expectation(request.expect_failure, record);
}

// However the guest ended: what it did until then explains the end.
void keep_what_was_said(const GuestStory& story, RunRecord& record) {
  for (const auto& [time_ns, stimulus] : story.stimuli) record.stimuli.push_back(seen_at(time_ns, stimulus));
  record.payloads = story.payloads;
  if (!story.result) return;
  const AssertResult& result = story.result->result;
  record.payloads.insert(record.payloads.end(), result.payloads.begin(), result.payloads.end());
  record.captures = result.captures;
}

}  // namespace

void judge_expectation(const std::string& expected, RunRecord& record) {
  if (expected.empty() || record.outcome == Outcome::kSkip) return;
  const bool seen = std::any_of(record.details.begin(), record.details.end(), [&](const Detail& detail) {
    return detail.verdict == Verdict::kFail && to_string(detail.kind) == expected;
  });
  if (!seen) {
    record.details.insert(record.details.begin(),
                          failure(DetailKind::kUser, "expected a failure of kind '" + expected + "', which did not come"));
    record.outcome = Outcome::kFail;
    return;
  }
  for (Detail& detail : record.details)
    if (detail.verdict == Verdict::kFail) detail.verdict = Verdict::kPass;
  record.checked.push_back("expected failure: " + expected);
  record.outcome = Outcome::kPass;
}

Outcome outcome_of_error(const Error& error, bool of_user) {
  switch (error.code()) {
    case ErrorCode::kCancelled:
      return Outcome::kInterrupted;
    case ErrorCode::kInvalidArgument:
      return Outcome::kBadInput;
    case ErrorCode::kNotFound:
    case ErrorCode::kPermission:
    case ErrorCode::kCorruptData:
    case ErrorCode::kUnsupported:
      return of_user ? Outcome::kBadInput : Outcome::kInfrastructure;
    default:
      return Outcome::kInfrastructure;
  }
}

void classify(const RunRequest& request, const GuestStory& story, const GuestOutcome& guest, RunRecord& record) {
  const PhaseLimits limits = limits_for(request.duration);
  record.end_of_guest = to_string(guest.end);
  keep_what_was_said(story, record);
  const bool scheduler_could_be_at_fault = guest.phase != Phase::kBoot;
  switch (guest.end) {
    case GuestEnd::kCompleted:
      classify_completed(request, story, limits, record);
      return;
    case GuestEnd::kPaused:
      record.outcome = Outcome::kSkip;
      return;
    case GuestEnd::kInterrupted:
      record.outcome = Outcome::kInterrupted;
      record.error = "interrupted";
      return;
    case GuestEnd::kKernelPanic:
    case GuestEnd::kKernelStall:
      if (!scheduler_could_be_at_fault) break;
      judge_scheduler(request, story, limits, record);
      record.details.insert(record.details.begin(),
                            failure(guest.end == GuestEnd::kKernelPanic ? DetailKind::kKernelPanic : DetailKind::kKernelStall,
                                    guest.message));
      record.outcome = Outcome::kFail;
      judge_expectation(request.expect_failure, record);
      return;
    default:
      break;
  }
  infrastructure(record, fmt::format("{} in phase {}: {}", to_string(guest.end), to_string(guest.phase), guest.message));
}

}  // namespace ktstr
