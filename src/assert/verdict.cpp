// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include "ktstr/checks.h"

namespace ktstr {

namespace {

// The texts are part of the result format: add to them, change none.
constexpr struct {
  DetailKind kind;
  std::string_view text;
} kKinds[] = {
    {DetailKind::kNoProgress, "no_progress"},
    {DetailKind::kStuck, "stuck"},
    {DetailKind::kUnfair, "unfair"},
    {DetailKind::kIsolation, "isolation"},
    {DetailKind::kWorkerDied, "worker_died"},
    {DetailKind::kSchedulerNotAttached, "scheduler_not_attached"},
    {DetailKind::kSchedulerRejected, "scheduler_rejected"},
    {DetailKind::kSchedulerCrashed, "scheduler_crashed"},
    {DetailKind::kSchedulerStalled, "scheduler_stalled"},
    {DetailKind::kSchedulerExited, "scheduler_exited"},
    {DetailKind::kSchedulerNotDetached, "scheduler_not_detached"},
    {DetailKind::kSchedulerNotUsed, "scheduler_not_used"},
    {DetailKind::kStepFailed, "step_failed"},
    {DetailKind::kBackdropFailed, "backdrop_failed"},
    {DetailKind::kTimeout, "timeout"},
    {DetailKind::kBodyCrashed, "body_crashed"},
    {DetailKind::kKernelPanic, "kernel_panic"},
    {DetailKind::kKernelStall, "kernel_stall"},
    {DetailKind::kKernelHang, "kernel_hang"},
    {DetailKind::kKernelOops, "kernel_oops"},
    {DetailKind::kKernelWarning, "kernel_warning"},
    {DetailKind::kLockdep, "lockdep"},
    {DetailKind::kHungTask, "hung_task"},
    {DetailKind::kRcuStall, "rcu_stall"},
    {DetailKind::kLockup, "lockup"},
    {DetailKind::kKernelTaint, "kernel_taint"},
    {DetailKind::kNotRepeatable, "not_repeatable"},
    {DetailKind::kPayload, "payload"},
    {DetailKind::kWorkerStalled, "worker_stalled"},
    {DetailKind::kShare, "share"},
    {DetailKind::kLostEvidence, "lost_evidence"},
    {DetailKind::kOutputFlood, "output_flood"},
    {DetailKind::kUser, "user"},
    {DetailKind::kNote, "note"},
};

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kSkip:
      return "skip";
    case Verdict::kPass:
      return "pass";
    case Verdict::kInconclusive:
      return "inconclusive";
    case Verdict::kFail:
      return "fail";
  }
  return "unknown";
}

std::string_view to_string(DetailKind kind) {
  const auto found = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const auto& e) { return e.kind == kind; });
  return found == std::end(kKinds) ? "unknown" : found->text;
}

std::optional<DetailKind> detail_kind_from(std::string_view text) {
  const auto found = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const auto& e) { return e.text == text; });
  if (found == std::end(kKinds)) return {};
  return found->kind;
}

AssertResult AssertResult::skip(std::string why) {
  AssertResult result;
  result.skipped = true;
  result.details.push_back({.verdict = Verdict::kSkip, .kind = DetailKind::kNote, .message = std::move(why)});
  return result;
}

AssertResult AssertResult::fail(std::string message) {
  AssertResult result;
  result.details.push_back({.verdict = Verdict::kFail, .kind = DetailKind::kUser, .message = std::move(message)});
  return result;
}

AssertResult& AssertResult::claim(bool holds, std::string what) {
  if (!holds)
    details.push_back(
        {.verdict = Verdict::kFail, .kind = DetailKind::kUser, .message = "claim does not hold: " + what});
  checked.push_back(std::move(what));
  return *this;
}

Verdict AssertResult::verdict() const {
  Verdict worst = skipped ? Verdict::kSkip : Verdict::kPass;
  for (const Detail& detail : details) worst = std::max(worst, detail.verdict);
  return worst;
}

const ProcsCapture* AssertResult::capture(std::string_view tag) const {
  const auto found = std::find_if(captures.begin(), captures.end(), [&](const auto& each) { return each.tag == tag; });
  return found == captures.end() ? nullptr : &*found;
}

void AssertResult::merge(AssertResult other) {
  const auto append = [](auto& to, auto& from) { std::move(from.begin(), from.end(), std::back_inserter(to)); };
  skipped = skipped && other.skipped;
  append(details, other.details);
  append(cgroups, other.cgroups);
  append(payloads, other.payloads);
  append(captures, other.captures);
  for (std::string& line : other.checked)
    if (std::find(checked.begin(), checked.end(), line) == checked.end()) checked.push_back(std::move(line));
}

}  // namespace ktstr
