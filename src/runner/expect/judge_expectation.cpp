// SPDX-License-Identifier: Apache-2.0
#include "runner/expect/judge_expectation.h"

#include <algorithm>

#include "model/names.h"
#include "runner/expect/expected_words_said.h"
#include "runner/judge/detail_text.h"
#include "runner/judge/judge_evidence.h"
#include "runner/judge/judge_load.h"
#include "runner/judge/judge_trace.h"

namespace ktstr {

namespace {

bool is_of_kernel(DetailKind kind) {
  switch (kind) {
    case DetailKind::kKernelPanic:
    case DetailKind::kKernelStall:
    case DetailKind::kKernelHang:
    case DetailKind::kKernelOops:
    case DetailKind::kKernelWarning:
    case DetailKind::kLockdep:
    case DetailKind::kHungTask:
    case DetailKind::kRcuStall:
    case DetailKind::kLockup:
    case DetailKind::kKernelTaint:
      return true;
    default:
      return false;
  }
}

// No failure of another kind explains a fault of the kernel, or output without end.
bool is_excused(DetailKind kind, DetailKind expected) {
  if (kind == DetailKind::kOutputFlood) return expected == kind;
  return !is_of_kernel(kind) || is_of_kernel(expected);
}

bool is_seen(const std::string& expected, const RunRecord& record) {
  return std::any_of(record.details.begin(), record.details.end(), [&](const Detail& detail) {
    return detail.verdict == Verdict::kFail && to_string(detail.kind) == expected;
  });
}

// What may be somebody else's doing is neither that failure nor its absence.
bool is_in_doubt(const std::string& expected, const RunRecord& record) {
  return std::any_of(record.details.begin(), record.details.end(), [&](const Detail& detail) {
    return detail.verdict == Verdict::kInconclusive && is_of_timing(detail) && to_string(detail.kind) == expected;
  });
}

// Where nobody can say whether it came: what fails beside it fails the run.
Outcome outcome_without_answer(DetailKind expected, const RunRecord& record) {
  const bool other = std::any_of(record.details.begin(), record.details.end(), [&](const Detail& detail) {
    return detail.verdict == Verdict::kFail && !is_excused(detail.kind, expected);
  });
  return other ? Outcome::kFail : Outcome::kInconclusive;
}

void judge_absence(const std::string& expected, DetailKind kind, RunRecord& record) {
  if (is_in_doubt(expected, record)) {
    record.outcome = outcome_without_answer(kind, record);
    return;
  }
  if (is_of_trace(kind) && (record.trace_events == 0 || record.trace_source == kTracefs)) {
    record.details.push_back(
        {.verdict = Verdict::kInconclusive,
         .kind = DetailKind::kLostEvidence,
         .message = "a failure of kind '" + expected + "' is seen by the recorder, and there was none"});
    record.outcome = worse_outcome(record.outcome, Outcome::kInconclusive);
    return;
  }
  record.details.insert(record.details.begin(), failure(DetailKind::kUser, what_came_instead(expected, record)));
  record.outcome = Outcome::kFail;
}

void judge_other_words(const ExpectedFailure& expected, DetailKind kind, const GuestStory& story, RunRecord& record) {
  Detail otherwise = failure(DetailKind::kUser, what_else_was_said(expected, record));
  record.outcome = Outcome::kFail;
  if (may_have_been_said(expected, story)) {
    otherwise.verdict = Verdict::kInconclusive;
    otherwise.kind = DetailKind::kLostEvidence;
    otherwise.message += "; but not all that was printed is kept";
    record.outcome = outcome_without_answer(kind, record);
  }
  record.details.insert(record.details.begin(), std::move(otherwise));
}

void excuse_what_follows(DetailKind expected, RunRecord& record) {
  record.outcome = evidence_is_lost(record) ? Outcome::kInconclusive : Outcome::kPass;
  for (Detail& detail : record.details) {
    if (detail.verdict != Verdict::kFail) continue;
    if (is_excused(detail.kind, expected))
      detail.verdict = Verdict::kPass;
    else
      record.outcome = Outcome::kFail;
  }
}

}  // namespace

void judge_expectation(const ExpectedFailure& expected, const GuestStory& story, RunRecord& record) {
  if (expected.empty() || record.outcome == Outcome::kSkip) return;
  const DetailKind kind = detail_kind_from(expected.kind).value_or(DetailKind::kUser);
  if (!is_seen(expected.kind, record)) return judge_absence(expected.kind, kind, record);
  const std::string found = where_expected_words_are(expected, story, record);
  if (found.empty()) return judge_other_words(expected, kind, story, record);
  record.checked.push_back({"expected failure: " + expected.describe() + (expected.has_words() ? ", " + found : "")});
  excuse_what_follows(kind, record);
}

}  // namespace ktstr
