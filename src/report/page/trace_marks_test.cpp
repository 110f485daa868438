// SPDX-License-Identifier: Apache-2.0
#include "report/page/trace_marks.h"

#include <gtest/gtest.h>

#include "model/names.h"

namespace ktstr {
namespace {

using Kind = StepMark::Kind;

std::string shown(const std::vector<TraceSpan>& spans) {
  std::string text;
  for (const TraceSpan& span : spans) text += fmt::format("{} {}..{}; ", span.name, span.begin_ns, span.end_ns);
  return text;
}

StepMark mark(Kind kind, int step, std::uint64_t at_ns, std::string name = "") {
  StepMark made;
  made.kind = kind;
  made.step = step;
  made.at_ns = at_ns;
  made.name = std::move(name);
  return made;
}

RunRecord two_steps() {
  RunRecord record;
  record.marks = {mark(Kind::kScenarioStart, 0, 90),    mark(Kind::kStepStart, 1, 100, "warm"),
                  mark(Kind::kScenarioResume, 1, 110),  mark(Kind::kScenarioPause, 1, 190),
                  mark(Kind::kStepEnd, 1, 200, "warm"), mark(Kind::kStepStart, 2, 200),
                  mark(Kind::kScenarioResume, 2, 210),  mark(Kind::kScenarioPause, 2, 290)};
  return record;
}

TEST(TraceMarksOfARun, AreItsStepsWithTheirHolds) {
  EXPECT_EQ(shown(trace_marks(two_steps()).steps),
            "step 1: warm 100..200; hold 110..190; step 2 200..290; hold 210..290; ");
  EXPECT_EQ(shown(trace_marks({}).steps), "");
}

TEST(TraceMarksOfARun, AreOpsWhenTheyAreDone) {
  RunRecord record = two_steps();
  Stimulus set_up, ops;
  set_up.at_ns = 105;
  ops.at_ns = 205;
  ops.ops = 3;
  ops.op_kinds = {"freeze_cgroup", "set_knob"};
  record.stimuli = {set_up, ops};
  EXPECT_EQ(shown(trace_marks(record).ops), "freeze_cgroup, set_knob 205..205; ");
}

TEST(TraceMarksOfARun, AreFindingsWhereTheyHappened) {
  RunRecord record = two_steps();
  WorkerReport worker;
  worker.cgroup = "cg_0";
  worker.index = 1;
  worker.started_ns = 100;
  worker.max_gap_ns = 30;
  worker.max_gap_at_ns = 70;
  WorkerReport later = worker;  // the same place in another step, and no finding about it
  later.step = 2;
  later.max_gap_ns = 40;
  record.workers = {worker, later};
  Detail stuck, unfair, note;
  stuck.kind = DetailKind::kStuck;
  stuck.message = "a gap";
  stuck.cgroup = "cg_0";
  stuck.worker = 1;
  unfair.kind = DetailKind::kUnfair;
  unfair.message = "spread";
  unfair.step = 1;
  note.verdict = Verdict::kPass;
  record.details = {stuck, unfair, note};
  EXPECT_EQ(shown(trace_marks(record).findings), "stuck: a gap 140..170; unfair: spread 200..200; ");
}

}  // namespace
}  // namespace ktstr
