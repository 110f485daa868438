// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/judge_evidence.h"

#include <algorithm>

namespace ktstr {

namespace {

constexpr std::size_t kWordsShown = 200;
constexpr Bytes kConsolePart = Bytes{1} << 20;  // as cut_out_the_middle() leaves of each end

Detail lost(std::string message) {
  return {.verdict = Verdict::kInconclusive, .kind = DetailKind::kLostEvidence, .message = std::move(message)};
}

Detail note(std::string message) {
  return {.verdict = Verdict::kPass, .kind = DetailKind::kNote, .message = std::move(message)};
}

std::string_view who(LogRecord::Stream stream) {
  switch (stream) {
    case LogRecord::Stream::kScheduler:
      return "the scheduler";
    case LogRecord::Stream::kKernel:
      return "the kernel";
    case LogRecord::Stream::kBody:
      return "the test's body";
    case LogRecord::Stream::kAgent:
      break;
  }
  return "the agent";
}

bool is_flood(const OutputRecord& output) {
  const double seconds = static_cast<double>(output.test_ns) / 1e9;
  return output.stream == LogRecord::Stream::kScheduler &&
         static_cast<double>(output.test_printed) > static_cast<double>(kMostPrinted) * (1 + seconds);
}

Detail flood(const OutputRecord& output, const std::vector<std::string>& log) {
  std::string message = fmt::format(
      "the scheduler printed without pause: {} in {:.3f} s of guest time (at most {}, and as much again each "
      "second), of which the first and the last are kept",
      format_bytes(output.test_printed), static_cast<double>(output.test_ns) / 1e9, format_bytes(kMostPrinted));
  if (!log.empty()) message += "; last: " + log.back().substr(0, kWordsShown);
  return {.verdict = Verdict::kFail,
          .kind = DetailKind::kOutputFlood,
          .message = std::move(message),
          .measured = static_cast<double>(output.test_printed),
          .unit = "bytes"};
}

bool is_about_the_scheduler(const Detail& detail) { return to_string(detail.kind).starts_with("scheduler_"); }

void judge_outputs(const GuestStory& story, RunRecord& record) {
  for (const OutputRecord& output : story.outputs) {
    if (is_flood(output)) {
      const auto at = std::find_if_not(record.details.begin(), record.details.end(), is_about_the_scheduler);
      record.details.insert(at, flood(output, story.scheduler_log));
    } else if (output.dropped != 0 && output.stream == LogRecord::Stream::kKernel) {
      record.details.push_back(
          lost(fmt::format("{} lines of the kernel's log are not kept: what they say is not judged", output.dropped)));
    } else if (output.dropped != 0) {
      record.details.push_back(
          note(fmt::format("{} printed {}, of which {} between the first and the last lines are not kept",
                           who(output.stream), format_bytes(output.printed), format_bytes(output.dropped))));
    }
  }
}

void judge_records(const GuestStory& story, const GuestOutcome& guest, bool body_was_due, RunRecord& record) {
  if (guest.dropped_records != 0)
    record.details.push_back(lost(fmt::format(
        "{} records of the guest could not be sent and are lost: reports of workers or the result may be among them",
        guest.dropped_records)));
  if (!story.ended)
    record.details.push_back(lost("the guest said that it was done before its agent sent its last record"));
  if (body_was_due && !story.result && !story.body_end)
    record.details.push_back(lost("neither a result of the test's body nor its end was reported"));
}

// A run whose turns never began had CPUs that were not equal, whatever its tuple says.
void judge_turns(const GuestStory& story, const GuestOutcome& guest, RunRecord& record) {
  const bool body_ran = story.result || story.body_end;
  if (record.tuple.turn_instructions == 0 || !body_ran) return;
  const auto& counts = guest.turns.instructions;
  if (std::any_of(counts.begin(), counts.end(), [](std::uint64_t count) { return count != 0; })) return;
  record.details.push_back(
      lost("the plugin in QEMU ended no turn of a CPU: the guest did not ask for it, or QEMU does not "
           "run it; CPUs may have been unequal (KTSTR_TURNS=quantum does without)"));
}

// Of a console that is cut down to its two ends: as long as it was, and how long a kernel may make it in that time.
void judge_console(const GuestStory& story, const GuestOutcome& guest, RunRecord& record) {
  if (guest.console_cut == 0) return;
  const std::uint64_t body_ns = story.body_end_ns > story.body_start_ns ? story.body_end_ns - story.body_start_ns : 0;
  const double seconds = static_cast<double>(body_ns) / 1e9;
  const Bytes length = guest.console_cut + 2 * kConsolePart;
  if (static_cast<double>(length) <= static_cast<double>(kMostOnConsole) * (1 + seconds)) {
    record.details.push_back(note(fmt::format("the console was long: {} of its middle are not kept in console.log",
                                              format_bytes(guest.console_cut))));
    return;
  }
  std::string message = fmt::format(
      "the guest printed without pause on its console: {} in a run whose body took {:.3f} s of guest time (at most {}, "
      "and "
      "as much again each second), of which the first and the last are kept",
      format_bytes(length), seconds, format_bytes(kMostOnConsole));
  if (!guest.console_tail.empty()) message += "; last: " + guest.console_tail.back().substr(0, kWordsShown);
  const auto at = std::find_if_not(record.details.begin(), record.details.end(), is_about_the_scheduler);
  record.details.insert(at,
                        {.verdict = Verdict::kFail, .kind = DetailKind::kOutputFlood, .message = std::move(message)});
}

}  // namespace

void judge_evidence(const GuestStory& story, const GuestOutcome& guest, bool body_was_due, RunRecord& record) {
  judge_outputs(story, record);
  judge_records(story, guest, body_was_due, record);
  judge_turns(story, guest, record);
  judge_console(story, guest, record);
}

Detail too_much(const GuestStory& story, const GuestOutcome& guest) {
  std::string message = fmt::format("{}, in phase {}, and was ended", guest.message, to_string(guest.phase));
  if (guest.end == GuestEnd::kTooMuchSaid)
    return lost(message +
                fmt::format(": {} marks and {} reports of workers came until then. A scenario with fewer workers "
                            "or steps fits into a run",
                            story.marks.size(), story.workers.size()));
  if (!guest.console_tail.empty()) message += "; last: " + guest.console_tail.back().substr(0, kWordsShown);
  return {.verdict = Verdict::kFail, .kind = DetailKind::kOutputFlood, .message = std::move(message)};
}

bool evidence_is_lost(const RunRecord& record) {
  return std::any_of(record.details.begin(), record.details.end(), [](const Detail& detail) {
    return detail.kind == DetailKind::kLostEvidence && detail.verdict == Verdict::kInconclusive;
  });
}

}  // namespace ktstr
