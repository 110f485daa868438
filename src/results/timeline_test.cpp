// SPDX-License-Identifier: Apache-2.0
#include "results/timeline.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

using Kind = StepMark::Kind;
constexpr std::uint64_t kSecond = 1'000'000'000;

Stimulus stimulus(std::uint16_t step, std::uint32_t at_s, std::uint64_t iterations) {
  return {.at_ns = at_s * kSecond,
          .elapsed_ms = (at_s - 10) * 1000,
          .step = step,
          .ops = 1,
          .op_kinds = {"set_cpuset"},
          .cgroups = 2,
          .workers = 3,
          .iterations = iterations};
}

WorkerReport worker(int step, std::uint64_t from_s, std::uint64_t to_s, std::uint64_t iterations) {
  WorkerReport report;
  report.step = step;
  report.started_ns = from_s * kSecond;
  report.wall_time_ns = (to_s - from_s) * kSecond;
  report.iterations = iterations;
  return report;
}

// Two steps, from 10 s to 12 s and from 13 s to 14 s, and a Backdrop.
RunRecord two_steps() {
  RunRecord record;
  record.marks = {
      {Kind::kScenarioStart, 0, 9 * kSecond, 0, 0, ""},   {Kind::kStepStart, 1, 9 * kSecond, 1, 1, "calm"},
      {Kind::kScenarioResume, 1, 10 * kSecond, 2, 3, ""}, {Kind::kScenarioPause, 1, 12 * kSecond, 2, 3, ""},
      {Kind::kStepEnd, 1, 12 * kSecond, 1, 1, ""},        {Kind::kStepStart, 2, 12 * kSecond, 1, 1, "storm"},
      {Kind::kScenarioResume, 2, 13 * kSecond, 2, 3, ""}, {Kind::kScenarioPause, 2, 14 * kSecond, 2, 3, ""},
      {Kind::kStepEnd, 2, 14 * kSecond, 1, 1, ""},        {Kind::kScenarioEnd, 0, 20 * kSecond, 0, 0, ""}};
  return record;
}

TEST(Timeline, NamesWhatEachStepDidAndHowLongItHeld) {
  RunRecord record = two_steps();
  record.stimuli = {stimulus(1, 10, 0), stimulus(2, 13, 0)};
  const auto steps = timeline_of(record);
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].name, "calm");
  EXPECT_EQ(steps[0].held_ns, 2 * kSecond);
  EXPECT_EQ(steps[0].rounds, 1);
  EXPECT_EQ(steps[1].step, 2);
  EXPECT_EQ(steps[1].elapsed_ms, 3000u);
  EXPECT_EQ(steps[1].op_kinds, (std::vector<std::string>{"set_cpuset"}));
  EXPECT_EQ(steps[1].workers, 3);
}

TEST(Timeline, CountsTheWorkersThatLiveThroughAllStepsFromStimulusToStimulus) {
  RunRecord record = two_steps();
  record.stimuli = {stimulus(1, 10, 500), stimulus(2, 13, 3500)};
  record.workers = {worker(0, 9, 15, 4500)};
  const auto steps = timeline_of(record);
  EXPECT_EQ(steps[0].iterations_per_s, 1000);  // 3000 in the 3 s between the stimuli
  EXPECT_EQ(steps[1].iterations_per_s, 500);   // 1000 more in the 2 s that were left to it
}

TEST(Timeline, CountsWorkersOfAStepForAsLongAsTheyRan) {
  RunRecord record = two_steps();
  record.stimuli = {stimulus(1, 10, 0), stimulus(2, 13, 0)};
  record.workers = {worker(1, 10, 12, 2000), worker(1, 10, 12, 1000), worker(2, 13, 14, 700)};
  const auto steps = timeline_of(record);
  EXPECT_EQ(steps[0].iterations_per_s, 1500);
  EXPECT_EQ(steps[1].iterations_per_s, 700);
}

TEST(Timeline, ForgetsNoWorkerThatEndsWhileAnotherGoesOn) {
  RunRecord record = two_steps();
  record.stimuli = {stimulus(1, 10, 500), stimulus(2, 13, 2000)};
  record.workers = {worker(0, 9, 15, 4000), worker(1, 10, 11, 1500)};
  EXPECT_EQ(timeline_of(record)[0].iterations_per_s, 1000);  // 1500 of either, in 3 s
}

TEST(Timeline, MakesOneStepOfTheRoundsOfALoop) {
  RunRecord record;
  record.marks = {{Kind::kStepStart, 1, 9 * kSecond, 0, 0, ""},      {Kind::kScenarioResume, 1, 10 * kSecond, 1, 1, ""},
                  {Kind::kScenarioPause, 1, 11 * kSecond, 1, 1, ""}, {Kind::kScenarioResume, 1, 12 * kSecond, 1, 1, ""},
                  {Kind::kScenarioPause, 1, 14 * kSecond, 1, 1, ""}, {Kind::kScenarioEnd, 0, 15 * kSecond, 0, 0, ""}};
  record.stimuli = {stimulus(1, 10, 0), stimulus(1, 12, 900)};
  record.workers = {worker(1, 10, 14, 2000)};
  const auto steps = timeline_of(record);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].rounds, 2);
  EXPECT_EQ(steps[0].held_ns, 3 * kSecond);
  EXPECT_EQ(steps[0].iterations_per_s, 500);
}

TEST(Timeline, SaysNothingOfARateThatItCannotKnow) {
  RunRecord record = two_steps();
  record.stimuli = {stimulus(1, 10, 5000), stimulus(2, 13, 100)};  // the report of a worker that ended is missing
  record.marks.pop_back();                                         // and the guest died in step 2
  const auto steps = timeline_of(record);
  EXPECT_EQ(steps[0].iterations_per_s, std::nullopt);
  EXPECT_EQ(steps[1].iterations_per_s, std::nullopt);
  record = two_steps();
  record.stimuli = {stimulus(1, 10, 0), stimulus(2, 13, 0)};  // the scenario ended, but no worker reported
  EXPECT_EQ(timeline_of(record)[1].iterations_per_s, std::nullopt);
}

TEST(Timeline, HasTheStepThatFailedBeforeItsHold) {
  RunRecord record = two_steps();
  std::erase_if(record.marks, [](const StepMark& m) { return m.step == 2 && m.kind != Kind::kStepStart; });
  record.stimuli = {stimulus(1, 10, 0)};
  const auto steps = timeline_of(record);
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[1].rounds, 0);
  EXPECT_EQ(steps[1].elapsed_ms, std::nullopt);
}

TEST(Timeline, TellsTwoScenariosOfOneBodyApart) {
  RunRecord record = two_steps();
  const auto first = record.marks;
  record.stimuli = {stimulus(1, 10, 0), stimulus(2, 13, 0), stimulus(1, 30, 0)};
  for (StepMark mark : first) {
    mark.at_ns += 20 * kSecond;
    record.marks.push_back(mark);
  }
  record.workers = {worker(2, 13, 14, 700)};
  const auto steps = timeline_of(record);
  ASSERT_EQ(steps.size(), 4u);
  EXPECT_EQ(steps[1].iterations_per_s, 700);
  EXPECT_EQ(steps[2].elapsed_ms, 20'000u);
  EXPECT_EQ(steps[2].step, 1);
}

TEST(Timeline, TakesWhateverAGuestMayHaveSent) {
  RunRecord record;
  record.marks = {{Kind::kScenarioPause, -1, 5, 0, 0, ""},
                  {Kind::kStepStart, 1, UINT64_MAX, 0, 0, ""},
                  {Kind::kScenarioResume, 1, UINT64_MAX, 0, 0, ""},
                  {Kind::kScenarioPause, 1, 0, 0, 0, ""},
                  {Kind::kScenarioEnd, 0, 0, 0, 0, ""}};
  record.stimuli = {{.at_ns = UINT64_MAX, .step = 1, .iterations = UINT64_MAX}, {.at_ns = 0, .step = 7}};
  record.workers = {worker(1, UINT64_MAX / kSecond, 1, UINT64_MAX)};
  const auto steps = timeline_of(record);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].held_ns, 0u);
}

TEST(Timeline, OfARecordWithoutStimuliHasWhatItsMarksSay) {
  const auto steps = timeline_of(two_steps());
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].workers, 3);
  EXPECT_EQ(steps[0].rounds, 1);
  EXPECT_EQ(steps[0].iterations_per_s, std::nullopt);
  EXPECT_TRUE(timeline_of({}).empty());
}

}  // namespace
}  // namespace ktstr
