// SPDX-License-Identifier: Apache-2.0
#include "cli/why/why.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "report/likely_cause.h"
#include "results/run_record_json.h"
#include "trace/story/event_words.h"
#include "trace/story/trace_end.h"

namespace ktstr::cli {

namespace {

std::string why_no_trace(const RunRecord& record, const fs::path& file) {
  if (!record.why_no_trace.empty()) return record.why_no_trace;
  if (record.mode != "det")
    return fmt::format("it ran in {} mode, and only guests in det mode are recorded: --mode det{}",
                       record.mode.empty() ? "no" : record.mode, record.mode == "host" ? "" : ", or --trace");
  return file.filename().string() + " is not in its directory";
}

// What the trace can say of a kind of finding at all.
std::string why_no_place(const Detail& finding) {
  switch (finding.kind) {
    case DetailKind::kUnfair:
    case DetailKind::kShare:
      return "it is about all of the step: `ktstr trace ID --accounts` has what each task had";
    case DetailKind::kSchedulerRejected:
    case DetailKind::kSchedulerNotAttached:
      return "it came before the recorder began";
    case DetailKind::kPayload:
    case DetailKind::kUser:
      return "it is about what a program or the test said, not about who ran when";
    default:
      return "the trace does not show it";
  }
}

void choose_finding(Why& why) {
  auto found = findings(why.record);
  // A failure that was expected is none any more.
  if (found.empty() && why.record.outcome == Outcome::kPass)
    for (const Detail& detail : why.record.details)
      if (std::any_of(why.record.traced.begin(), why.record.traced.end(),
                      [&](const auto& one) { return one.is_of(detail); }))
        found.push_back(&detail);
  if (found.empty()) return;
  why.finding = *found.front();
  for (const Detail* const detail : found) {
    for (const TracedFinding& traced : why.record.traced) {
      if (why.traced || !traced.is_of(*detail)) continue;
      why.traced = traced;
      why.of_another = detail != found.front();
    }
  }
}

// Those whose rows explain most, by number.
std::vector<std::uint32_t> rows_of(Why& why, const std::vector<std::uint32_t>& by_worth, std::size_t most) {
  std::vector<std::uint32_t> rows;
  if (why.traced->cpu >= 0) rows.push_back(static_cast<std::uint32_t>(why.traced->cpu));
  for (const std::uint32_t cpu : by_worth)
    if (rows.size() < most && std::find(rows.begin(), rows.end(), cpu) == rows.end()) rows.push_back(cpu);
  const auto is_row = [&](std::uint32_t cpu) { return std::find(rows.begin(), rows.end(), cpu) != rows.end(); };
  why.further_rows = static_cast<std::size_t>(
      std::count_if(by_worth.begin(), by_worth.end(), [&](std::uint32_t cpu) { return !is_row(cpu); }));
  if (why.story)
    for (const CpuStory& cpu : why.story->cpus)
      if (!is_row(cpu.cpu)) why.further_cpus.push_back(cpu);
  std::sort(rows.begin(), rows.end());
  return rows;
}

// Of a guest that came to its end: who has run longest without a change first.
Result<std::vector<std::uint32_t>> cpus_at_end(const fs::path& file, std::uint64_t until_ns) {
  KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::open(file));
  KTSTR_TRY_ASSIGN(TraceEnd end, trace_end(reader, {.until_ns = until_ns}));
  std::stable_sort(end.cpus.begin(), end.cpus.end(), [](const CpuAtEnd& a, const CpuAtEnd& b) {
    if ((a.pid != 0) != (b.pid != 0)) return a.pid != 0;
    return a.since_ns < b.since_ns;
  });
  std::vector<std::uint32_t> cpus;
  for (const CpuAtEnd& cpu : end.cpus) cpus.push_back(cpu.cpu);
  return cpus;
}

Status read_trace(const fs::path& file, const PictureSize& size, Why& why) {
  const TracedFinding& traced = *why.traced;
  const std::uint64_t to = std::max(traced.to_ns, traced.from_ns + 1);
  std::vector<std::uint32_t> by_worth;
  if (traced.pid != 0) {
    KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::open(file));
    KTSTR_TRY_ASSIGN(why.story, explain(reader, traced.pid, traced.from_ns, to));
    for (const CpuStory& cpu : most_telling(*why.story)) by_worth.push_back(cpu.cpu);
  } else {
    KTSTR_TRY_ASSIGN(by_worth, cpus_at_end(file, to));
  }
  const std::vector<std::uint32_t> rows = rows_of(why, by_worth, size.rows);
  KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::open(file));
  const Stretch stretch{traced.pid, rows, traced.cpu, traced.from_ns, to};
  KTSTR_TRY_ASSIGN(
      why.look,
      look_at(reader, stretch,
              with_margin(
                  {.pid = traced.pid, .cpus = rows, .from_ns = traced.from_ns, .to_ns = to, .columns = size.columns})));
  return ok();
}

const StepMark* step_at(const RunRecord& record, std::uint64_t at_ns) {
  const StepMark* found = nullptr;
  for (const StepMark& mark : record.marks)
    if (mark.kind == StepMark::Kind::kStepStart && mark.at_ns <= at_ns) found = &mark;
  return found;
}

std::string step_text(int step, const std::string& name) {
  return name.empty() ? fmt::format("in step {}", step) : fmt::format("in step {}: {}", step, name);
}

}  // namespace

Result<Why> find_out_why(const fs::path& run, const PictureSize& size) {
  Why why;
  KTSTR_TRY_ASSIGN(why.record, load_run_record(run));
  choose_finding(why);
  const fs::path file = run / kTraceFileName;
  std::error_code error;
  if (!why.finding) return why;
  if (!fs::exists(file, error)) {
    why.why_no_story = "there is no trace of this run: " + why_no_trace(why.record, file);
    why.traced.reset();
    return why;
  }
  if (!why.record.why_no_trace.empty())
    why.remarks.push_back("not everything was recorded: " + why.record.why_no_trace);
  if (why.record.trace_lost > 0)
    why.remarks.push_back(fmt::format("the trace has holes: {} events were lost", why.record.trace_lost));
  if (!why.traced) {
    why.why_no_story = why_no_place(*why.finding);
    return why;
  }
  if (const Status read = read_trace(file, size, why); !read)
    why.why_no_story = "the trace cannot be read: " + read.error().message();
  return why;
}

double into_body(const Why& why, std::uint64_t at_ns) {
  const std::uint64_t begin = why.record.body_start_ns;
  return at_ns >= begin ? static_cast<double>(at_ns - begin) / 1e9 : -static_cast<double>(begin - at_ns) / 1e9;
}

std::string scene_of(const Why& why) {
  if (!why.traced) {
    const int step = why.finding ? why.finding->step : 0;
    for (const StepMark& mark : why.record.marks)
      if (step > 0 && mark.step == step && mark.kind == StepMark::Kind::kStepStart) return step_text(step, mark.name);
    return "";
  }
  const std::uint64_t at = why.traced->from_ns;
  const StepMark* const step = step_at(why.record, at);
  std::string text = step == nullptr ? "before the first step" : step_text(step->step, step->name);
  text += fmt::format(", {:.6f} s into the body", into_body(why, at));
  const Stimulus* last = nullptr;
  for (const Stimulus& stimulus : why.record.stimuli)
    if (stimulus.ops > 0 && stimulus.at_ns <= at) last = &stimulus;
  if (last == nullptr) return text + ", with no op before it";
  return text + fmt::format(", {} after {}", time_text(at - last->at_ns), fmt::join(last->op_kinds, ", "));
}

std::vector<std::string> ways_on(const Why& why) {
  const RunRecord& record = why.record;
  std::vector<std::string> ways;
  if (why.look && record.body_start_ns != 0) {
    const Timeline& shown = why.look->timeline;
    const double from = std::floor(std::max(0.0, into_body(why, shown.from_ns)) * 1e3) / 1e3;
    const double to = std::ceil(std::max(0.0, into_body(why, shown.to_ns)) * 1e3) / 1e3;
    ways.push_back(fmt::format("ktstr trace {} --text --from {:.3f} --to {:.3f}", record.id, from, to));
    ways.push_back(fmt::format("ktstr trace {} -o why.pftrace", record.id));
  }
  if (!record.repeat_command.empty()) ways.push_back(record.repeat_command);
  if (!record.replay_command.empty()) ways.push_back(record.replay_command);
  if (!record.replay_command.empty() && record.mode == "det" && !record.repro && !record.scheduler().command.empty())
    ways.push_back(fmt::format("ktstr why {} --replay", record.id));
  return ways;
}

}  // namespace ktstr::cli
