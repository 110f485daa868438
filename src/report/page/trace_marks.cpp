// SPDX-License-Identifier: Apache-2.0
#include "report/page/trace_marks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "model/names.h"

namespace ktstr {

namespace {

using Kind = StepMark::Kind;

std::string name_of(const StepMark& mark) {
  if (mark.kind == Kind::kScenarioResume) return "hold";
  return mark.name.empty() ? fmt::format("step {}", mark.step) : fmt::format("step {}: {}", mark.step, mark.name);
}

// A span for each mark that begins something; what nothing ended ends with the last mark.
std::vector<TraceSpan> steps_of(const std::vector<StepMark>& marks) {
  std::vector<TraceSpan> spans;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const StepMark& mark = marks[i];
    if (mark.kind != Kind::kStepStart && mark.kind != Kind::kScenarioResume) continue;
    const Kind end = mark.kind == Kind::kStepStart ? Kind::kStepEnd : Kind::kScenarioPause;
    const auto ended = std::find_if(marks.begin() + static_cast<std::ptrdiff_t>(i), marks.end(),
                                    [&](const StepMark& later) { return later.kind == end; });
    spans.push_back({name_of(mark), mark.at_ns, ended == marks.end() ? marks.back().at_ns : ended->at_ns});
  }
  return spans;
}

std::vector<TraceSpan> ops_of(const std::vector<Stimulus>& stimuli) {
  std::vector<TraceSpan> spans;
  for (const Stimulus& stimulus : stimuli)
    if (stimulus.ops > 0)
      spans.push_back({fmt::format("{}", fmt::join(stimulus.op_kinds, ", ")), stimulus.at_ns, stimulus.at_ns});
  return spans;
}

std::uint64_t end_of_step(const RunRecord& record, int step) {
  for (const StepMark& mark : record.marks)
    if (mark.kind == Kind::kStepEnd && mark.step == step) return mark.at_ns;
  return record.marks.empty() ? 0 : record.marks.back().at_ns;
}

}  // namespace

std::optional<TraceSpan> span_of_finding(const RunRecord& record, const Detail& detail) {
  TraceSpan span{.name = fmt::format("{}: {}", to_string(detail.kind), detail.message)};
  span.begin_ns = span.end_ns = end_of_step(record, detail.step);
  for (const WorkerReport& worker : record.workers)
    if (detail.kind == DetailKind::kStuck && detail.is_about(worker))
      std::tie(span.begin_ns, span.end_ns) = std::pair(worker.max_gap_began_ns(), worker.max_gap_ended_ns());
  return span.end_ns != 0 ? std::optional(std::move(span)) : std::nullopt;
}

TraceMarks trace_marks(const RunRecord& record) {
  TraceMarks marks{.steps = steps_of(record.marks), .ops = ops_of(record.stimuli), .findings = {}};
  for (const Detail& detail : record.details)
    if (detail.verdict == Verdict::kFail || detail.verdict == Verdict::kInconclusive)
      if (auto span = span_of_finding(record, detail)) marks.findings.push_back(*std::move(span));
  return marks;
}

}  // namespace ktstr
