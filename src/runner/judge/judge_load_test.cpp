// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/judge_load.h"

#include <gmock/gmock.h>

#include "runner/judge/classify.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

// 100 s on two CPUs, of which others took so much of CPU 0 and of CPU 1.
CpuUse used_by_others(Nanoseconds of_0, Nanoseconds of_1) {
  return {.window = 100s, .ours = 10s, .allowed = {0, 1}, .busy = {{0, of_0 + 5s}, {1, of_1 + 5s}}};
}

Detail unfair() {
  return {.verdict = Verdict::kFail,
          .kind = DetailKind::kUnfair,
          .message = "unfair: spread 50% (limit 35%)",
          .measured = 50,
          .limit = 35,
          .unit = "%"};
}

GuestStory story_with(Detail detail) {
  GuestStory story;
  story.result = ResultRecord{.result = {.details = {std::move(detail)}}};
  story.ended = true;
  return story;
}

RunRecord judged(const GuestStory& story, const CpuUse& use, const std::string& expected = "") {
  RunRecord record;
  classify({.settings = {.test = "t"}, .on_host = true, .expect_failure = expected}, story, {}, record,
           {.cpu_use = &use});
  return record;
}

TEST(JudgeLoad, AFailedCheckOfTimingBesideOtherProgramsIsInconclusiveAndSaysWhy) {
  const RunRecord record = judged(story_with(unfair()), used_by_others(60s, 26s));
  EXPECT_EQ(record.outcome, Outcome::kInconclusive);
  EXPECT_EQ(record.details.at(0).verdict, Verdict::kInconclusive);
  EXPECT_EQ(record.details.at(0).message,
            "unfair: spread 50% (limit 35%); other programs used 43% of CPUs 0-1 meanwhile");
}

TEST(JudgeLoad, OnAQuietMachineItIsTheSchedulers) {
  const RunRecord record = judged(story_with(unfair()), used_by_others(4s, 4s));
  EXPECT_EQ(record.outcome, Outcome::kFail);
  EXPECT_EQ(record.details.at(0).message, "unfair: spread 50% (limit 35%)");
}

TEST(JudgeLoad, WhatOthersUsedIsANoteOfEveryRun) {
  const Detail note =
      judged(story_with({.verdict = Verdict::kPass, .kind = DetailKind::kNote}), used_by_others(4s, 4s)).details.back();
  EXPECT_EQ(note.verdict, Verdict::kPass);
  EXPECT_EQ(note.kind, DetailKind::kNote);
  EXPECT_EQ(note.message, "other programs used 4% of CPUs 0-1 meanwhile");
  EXPECT_NEAR(note.measured.value_or(0), 4, 0.1);
  EXPECT_EQ(note.unit, "%");
}

TEST(JudgeLoad, APassIsOneBesideOtherProgramsToo) {
  EXPECT_EQ(
      judged(story_with({.verdict = Verdict::kPass, .kind = DetailKind::kNote}), used_by_others(90s, 90s)).outcome,
      Outcome::kPass);
}

TEST(JudgeLoad, WhatIsNoMatterOfTimingFailsBesideOtherProgramsToo) {
  for (const DetailKind kind : {DetailKind::kIsolation, DetailKind::kWorkerDied, DetailKind::kUser,
                                DetailKind::kWorkerStalled, DetailKind::kNoProgress})
    EXPECT_EQ(judged(story_with({.kind = kind, .message = "x"}), used_by_others(90s, 90s)).outcome, Outcome::kFail)
        << to_string(kind);
  // A worker that does not end is stuck without a measure.
  EXPECT_EQ(judged(story_with({.kind = DetailKind::kStuck}), used_by_others(90s, 90s)).outcome, Outcome::kFail);
}

WorkerReport worker_on(Cpu cpu, std::string cgroup = "", std::uint64_t took = 0) {
  WorkerReport worker;
  worker.cgroup = std::move(cgroup);
  worker.index = cpu;
  worker.cpu_time_ns = took;
  worker.cpus_used = {cpu};
  return worker;
}

TEST(JudgeLoad, ItIsAboutTheCpusOfTheCpusets) {
  GuestStory story = story_with(unfair());
  CgroupStats& bound = story.result->result.cgroups.emplace_back();
  bound.cgroup = "a";
  bound.cpuset = {1};
  EXPECT_EQ(judged(story, used_by_others(90s, 0s)).outcome, Outcome::kFail);
  story.result->result.cgroups.emplace_back().cgroup = "b";  // anywhere
  EXPECT_EQ(judged(story, used_by_others(90s, 0s)).outcome, Outcome::kInconclusive);
}

TEST(JudgeLoad, WorkersThatAreHeldOnABusyCpuDoNotShareInTheIdleOnes) {
  GuestStory story = story_with(unfair());
  CpuUse use = used_by_others(50s, 0s);
  for (Cpu cpu = 2; cpu < 64; ++cpu) use.allowed.add(cpu), use.busy[cpu] = {};
  EXPECT_EQ(judged(story, use).outcome, Outcome::kFail);
  story.workers = {worker_on(0)};
  story.workers[0].step = 1;
  const RunRecord held = judged(story, use);
  EXPECT_EQ(held.outcome, Outcome::kInconclusive);
  EXPECT_THAT(held.details.at(0).message, HasSubstr("of CPU 0 meanwhile"));
}

TEST(JudgeLoad, OnAWideMachineItIsAboutTheCpuOfTheWorkerThatWasLate) {
  Detail stuck{.kind = DetailKind::kStuck, .message = "stuck", .cgroup = "a", .worker = 1, .measured = 3000};
  GuestStory story = story_with(stuck);
  CpuUse use{.window = 100s, .ours = 6400s};
  for (int cpu = 0; cpu < 64; ++cpu) {
    use.allowed.add(cpu);
    use.busy[cpu] = 100s;
    story.workers.push_back(worker_on(cpu, "a", cpu == 1 ? 40'000'000'000 : 100'000'000'000));
  }
  use.ours = 6340s;
  const RunRecord late = judged(story, use);
  EXPECT_EQ(late.outcome, Outcome::kInconclusive);
  EXPECT_THAT(late.details.at(0).message, HasSubstr("of CPU 1 meanwhile"));
  story.result->result.details[0].worker = 2;
  EXPECT_EQ(judged(story, use).outcome, Outcome::kFail) << "whose CPU nobody else used";
}

TEST(JudgeLoad, WhatAPayloadTookElsewhereHidesNobodyOnTheWorkersCpu) {
  GuestStory story = story_with(unfair());
  story.workers = {worker_on(0, "a", 50'000'000'000)};
  story.payloads = {{.name = "hog"}};
  const CpuUse use{.window = 100s, .ours = 150s, .allowed = {0, 1}, .busy = {{0, 100s}, {1, 100s}}};
  EXPECT_EQ(judged(story, use).outcome, Outcome::kInconclusive);
}

TEST(JudgeLoad, AFailureThatWasExpectedAndMayBeOfOthersIsInconclusive) {
  const RunRecord record = judged(story_with(unfair()), used_by_others(60s, 26s), "unfair");
  EXPECT_EQ(record.outcome, Outcome::kInconclusive);
  EXPECT_THAT(record.details.at(0).message, StartsWith("unfair"));
  EXPECT_EQ(judged(story_with(unfair()), used_by_others(0s, 0s), "unfair").outcome, Outcome::kPass);
  EXPECT_EQ(judged(story_with(unfair()), used_by_others(60s, 26s), "share").outcome, Outcome::kFail);
}

}  // namespace
}  // namespace ktstr
