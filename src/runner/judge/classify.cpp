// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/classify.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "base/system/how_it_ended.h"
#include "runner/expect/judge_expectation.h"
#include "runner/judge/detail_text.h"
#include "runner/judge/judge_evidence.h"
#include "runner/judge/judge_kernel.h"
#include "runner/judge/judge_load.h"
#include "runner/judge/judge_scheduler.h"
#include "runner/judge/judge_trace.h"
#include "runner/judge/judge_use.h"
#include "runner/judge/missing_in_guest.h"
#include "runner/judge/trace_ends.h"
#include "runner/judge/trace_limits.h"

namespace ktstr {

namespace {

void infrastructure(RunRecord& record, std::string error, std::string hint = {}) {
  record.outcome = Outcome::kInfrastructure;
  record.error = std::move(error);
  record.error_hint = std::move(hint);
}

constexpr const char* kFewerHolds =
    "while a CPU is held, others that wait for it are slow to emulate: hold fewer times ('times 1-8'), or shorter "
    "('most 50000')";

void judge_body(const RunRequest& request, const GuestStory& story, const PhaseLimits& limits, RunRecord& record) {
  // One that has given its result and then crashes or hangs is no sound test either.
  const bool ended_well = story.body_end && story.body_end->clean && !story.body_end->timed_out;
  if (story.result && (ended_well || !story.body_end)) return;
  if (story.body_end && story.body_end->timed_out) {
    const std::string& exit = story.body_end->exit;
    const std::size_t left = exit.find(kCannotBeKilled);
    record.details.push_back(failure(DetailKind::kTimeout,
                                     left == std::string::npos
                                         ? fmt::format("the body did not end within {} s{}", limits.body.count() / 1000,
                                                       request.on_host ? "" : " of guest time")
                                         : fmt::format("the body does not come to its end{}", exit.substr(left))));
  } else if (story.body_end) {
    record.details.push_back(failure(
        DetailKind::kBodyCrashed, with_words(fmt::format("the test's body gave {}: its process {}",
                                                         story.result ? "its result and did not end well" : "no result",
                                                         how_it_ended(story.body_end->exit)),
                                             last_words(story.body_log))));
  }
}

// A mistake in the test, or something that the guest lacks for it. This machine nobody chose for the test.
bool is_of_test(const RunRequest& request, ErrorCode code) {
  return code == ErrorCode::kInvalidArgument || (code == ErrorCode::kUnsupported && !request.on_host);
}

void classify_completed(const RunRequest& request, const GuestStory& story, const GuestOutcome& guest,
                        const PhaseLimits& limits, const Evidence& evidence, RunRecord& record) {
  if (!story.errors.empty()) {
    const GuestErrorRecord& error = story.errors.front();
    // A kernel that is at fault explains what failed in its guest; the rest of the test was not seen.
    if (!judge_lost_guest(request, story, guest, record)) {
      infrastructure(record, error.message, error.hint);
      // A setting that somebody has asked for and this kernel does not have.
      if (!request.setup.empty() && error.code == ErrorCode::kInvalidArgument) record.outcome = Outcome::kBadInput;
      return;
    }
    record.details.push_back({.verdict = Verdict::kInconclusive,
                              .kind = DetailKind::kLostEvidence,
                              .message = "the guest's agent failed: " + error.message});
    judge_expectation(request.expect_failure, story, record);
    return;
  }
  if (story.result) {
    record.details = story.result->result.details;
    record.cgroups = story.result->result.cgroups;
    record.checked = story.result->result.checked;
  }
  if (!request.on_host) judge_kernel(request, story, {}, record);
  const bool faulty = AssertResult{.details = record.details}.verdict() == Verdict::kFail;
  if (const auto missing = missing_in_guest(story, record); missing && !faulty) {
    record.outcome = Outcome::kBadInput;
    record.error = missing->message();
    record.error_hint = missing->hint();
    return;
  }
  judge_scheduler(request, story, limits, record);
  judge_use(request, story, record);
  const bool body_ran =
      !request.starts_with_scheduler() || (story.schedulers.size() > 0 && story.schedulers[0].attached);
  if (body_ran) judge_body(request, story, limits, record);
  // Notes explain no error.
  const bool found = std::any_of(record.details.begin(), record.details.end(),
                                 [](const Detail& detail) { return detail.verdict > Verdict::kPass; });
  if (story.result && !story.result->error.empty() && !found) {
    record.outcome = is_of_test(request, story.result->code) ? Outcome::kBadInput : Outcome::kInfrastructure;
    record.error = story.result->error;
    record.error_hint = story.result->error_hint;
    return;
  }
  const Checks& checks = request.settings.checks;
  const bool limit_given = is_any_asked_for(checks);
  const bool is_of_tracefs = record.trace_source == kTracefs;
  if ((evidence.trace == nullptr || is_of_tracefs) && limit_given)
    record.details.push_back(
        {.verdict = Verdict::kInconclusive,
         .kind = DetailKind::kLostEvidence,
         .message = "max_idle, max_wait, max_starved, max_slice, max_moves, weight_order, weight_share, bandwidth and "
                    "max_queue_depth are "
                    "judged by the recorder, and nothing was recorded: " +
                    (record.why_no_trace.empty() || is_of_tracefs ? "it needs det mode" : record.why_no_trace)});
  // Not asked for, it is not missed.
  if (evidence.trace == nullptr && (request.recorder || request.trace) && !record.why_no_trace.empty())
    record.details.push_back({.verdict = Verdict::kPass,
                              .kind = DetailKind::kNote,
                              .message = "nothing was recorded of the kernel: " + record.why_no_trace});
  if (evidence.trace != nullptr) judge_trace(*evidence.trace, request, story, record);
  judge_evidence(story, guest, body_ran, record);
  if (evidence.cpu_use != nullptr) judge_load(*evidence.cpu_use, record);
  AssertResult all{.details = record.details, .skipped = story.result && story.result->result.skipped};
  record.outcome = outcome_of(all.verdict());
  judge_expectation(request.expect_failure, story, record);
}

// What the OOM killer says when only protected processes are left (out_of_memory() in mm/oom_kill.c): agent and body.
bool out_of_memory(const GuestOutcome& guest) {
  constexpr std::string_view kWords = "System is deadlocked on memory";
  const auto says = [&](const std::string& line) { return line.find(kWords) != std::string::npos; };
  return says(guest.message) || std::any_of(guest.console_tail.begin(), guest.console_tail.end(), says);
}

// Of workers without a report. A report is its worker's by pid and release: since then that may have come elsewhere.
void keep_what_was_seen(const LiveWorkersSeen& live, RunRecord& record) {
  std::set<std::pair<int, std::uint64_t>> reported;
  for (const WorkerReport& report : record.workers) reported.insert(report.task_id());
  for (const WorkerLastSeen& worker : live.workers)
    if (!reported.contains(worker.task_id())) record.last_seen.push_back(worker);
  std::sort(record.last_seen.begin(), record.last_seen.end(), [](const WorkerLastSeen& a, const WorkerLastSeen& b) {
    return std::tie(a.cgroup, a.index, a.pid) < std::tie(b.cgroup, b.index, b.pid);
  });
  record.unseen_workers = live.beyond;
}

// However the guest ended: what it did until then explains the end.
void keep_what_was_said(const GuestStory& story, RunRecord& record) {
  record.marks = story.marks;
  record.workers = story.workers;
  record.stimuli = story.stimuli;
  record.numa_pages_migrated = story.migrated.pages;
  record.payloads = story.payloads;
  if (!story.result) return;
  const AssertResult& result = story.result->result;
  record.payloads.insert(record.payloads.end(), result.payloads.begin(), result.payloads.end());
  record.captures = result.captures;
}

}  // namespace

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

void classify(const RunRequest& request, const GuestStory& story, const GuestOutcome& guest, RunRecord& record,
              const Evidence& evidence) {
  const PhaseLimits limits = limits_for(request.settings.duration);
  keep_what_was_said(story, record);
  keep_what_was_seen(guest.live, record);
  const bool scheduler_could_be_at_fault = guest.phase != Phase::kBoot;
  switch (guest.end) {
    case GuestEnd::kCompleted:
      classify_completed(request, story, guest, limits, evidence, record);
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
      if (out_of_memory(guest)) {
        infrastructure(
            record,
            "the guest ran out of memory, and nothing was left that the kernel could have killed: " + guest.message,
            "give the guest more memory (`memory`, --memory), or the scenario less to hold");
        return;
      }
      if (scheduler_had_ended(story)) judge_scheduler(request, story, limits, record);
      judge_lost_guest(request, story, guest, record);
      if (evidence.trace != nullptr) trace_ends(*evidence.trace, story, record);
      judge_expectation(request.expect_failure, story, record);
      return;
    case GuestEnd::kFlood:
    case GuestEnd::kTooMuchSaid:
      if (!scheduler_could_be_at_fault) break;
      judge_lost_guest(request, story, guest, record);
      record.details.push_back(too_much(story, guest));
      record.outcome = outcome_of(AssertResult{.details = record.details}.verdict());
      judge_expectation(request.expect_failure, story, record);
      return;
    default:
      if (!judge_lost_guest(request, story, guest, record)) break;
      if (scheduler_had_ended(story)) judge_scheduler(request, story, limits, record);
      if (evidence.trace != nullptr) trace_ends(*evidence.trace, story, record);
      judge_expectation(request.expect_failure, story, record);
      return;
  }
  infrastructure(record, fmt::format("{} in phase {}: {}", to_string(guest.end), to_string(guest.phase), guest.message),
                 crawls_by_holds(request, guest) ? kFewerHolds : "");
}

}  // namespace ktstr
