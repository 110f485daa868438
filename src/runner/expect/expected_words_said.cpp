// SPDX-License-Identifier: Apache-2.0
#include "runner/expect/expected_words_said.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/expected_words.h"
#include "model/names.h"
#include "sched_ext/dump.h"
#include "sched_ext/exit_reason.h"

namespace ktstr {

namespace {

bool is_failure_of(const Detail& detail, const std::string& kind) {
  return detail.verdict == Verdict::kFail && to_string(detail.kind) == kind;
}

bool are_in_any(const ExpectedWords& words, const std::vector<std::string>& lines) {
  return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) { return words.are_in(line); });
}

// Of an exit by error, where one is expected: each scheduler ends in order after the test.
bool are_in_exit(const ExpectedWords& words, const std::string& kind, const GuestStory& story) {
  auto exits = parse_scheduler_exit(story.kernel_log).exits;
  take_messages_from_output(story.scheduler_log, exits);
  return std::any_of(exits.begin(), exits.end(), [&](const SchedulerExit& exit) {
    if (!is_error(exit.by) && kind != to_string(DetailKind::kSchedulerExited)) return false;
    return words.are_in(exit.reason) || words.are_in(exit.message);
  });
}

bool are_in_dump(const ExpectedWords& words, const GuestStory& story) {
  const auto dump = parse_dump(story.scheduler_log);
  if (!dump) return false;
  const auto begin = story.scheduler_log.begin();
  return std::any_of(begin + static_cast<std::ptrdiff_t>(dump->first_line),
                     begin + static_cast<std::ptrdiff_t>(dump->end_line),
                     [&](const std::string& line) { return words.are_in(line); });
}

std::string in_what_the_scheduler_said(const ExpectedWords& words, const std::string& kind, const GuestStory& story) {
  if (are_in_exit(words, kind, story)) return "in the scheduler's exit message";
  if (are_in_dump(words, story)) return "in the scheduler's dump";
  if (are_in_any(words, story.scheduler_log)) return "in the scheduler's log";
  return "";
}

bool is_of_body(const std::string& kind) { return kind == "body_crashed" || kind == "timeout" || kind == "user"; }

// Faults that its log reports.
bool is_of_kernels_log(const std::string& kind) {
  constexpr std::string_view kKinds[] = {"lockdep", "hung_task", "rcu_stall", "lockup"};
  return kind.starts_with("kernel_") || std::find(std::begin(kKinds), std::end(kKinds), kind) != std::end(kKinds);
}

}  // namespace

std::string where_expected_words_are(const ExpectedFailure& expected, const GuestStory& story,
                                     const RunRecord& record) {
  const ExpectedWords words(expected);
  for (const Detail& detail : record.details)
    if (is_failure_of(detail, expected.kind) && (!expected.has_words() || words.are_in(detail.message)))
      return "in its message";
  if (expected.kind.starts_with("scheduler_")) return in_what_the_scheduler_said(words, expected.kind, story);
  if (is_of_kernels_log(expected.kind) && are_in_any(words, story.kernel_log)) return "in the kernel's log";
  if (is_of_body(expected.kind) && are_in_any(words, story.body_log)) return "in the body's log";
  return "";
}

bool may_have_been_said(const ExpectedFailure& expected, const GuestStory& story) {
  return std::any_of(story.outputs.begin(), story.outputs.end(), [&](const OutputRecord& output) {
    const bool looked_at = output.stream == LogRecord::Stream::kScheduler ? expected.kind.starts_with("scheduler_")
                           : output.stream == LogRecord::Stream::kKernel  ? is_of_kernels_log(expected.kind)
                           : output.stream == LogRecord::Stream::kBody    ? is_of_body(expected.kind)
                                                                          : false;
    return looked_at && output.dropped > 0;
  });
}

std::string what_came_instead(const std::string& kind, const RunRecord& record) {
  std::string others;
  for (const Detail& detail : record.details) {
    const std::string other(to_string(detail.kind));
    if (detail.verdict != Verdict::kFail || others.find("'" + other + "'") != std::string::npos) continue;
    others += fmt::format("{}'{}'", others.empty() ? "" : ", ", other);
  }
  return fmt::format("expected a failure of kind '{}', which did not come: {}", kind,
                     others.empty() ? "nothing failed" : "what failed is of kind " + others);
}

std::string what_else_was_said(const ExpectedFailure& expected, const RunRecord& record) {
  const auto detail = std::find_if(record.details.begin(), record.details.end(),
                                   [&](const Detail& each) { return is_failure_of(each, expected.kind); });
  std::string where = "its message";
  if (expected.kind.starts_with("scheduler_")) where += ", the scheduler's exit message, dump and log";
  if (is_of_kernels_log(expected.kind)) where += " and the kernel's log";
  if (is_of_body(expected.kind)) where += " and the body's log";
  return fmt::format("expected a failure of {}: the kind came, but the words are not in {}: {}", expected.describe(),
                     where, detail == record.details.end() ? "" : detail->message);
}

}  // namespace ktstr
