// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/judge_evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runner/judge/classify.h"

namespace ktstr {
namespace {

using testing::HasSubstr;

GuestStory whole_story() {
  GuestStory story;
  story.result = ResultRecord{};
  story.body_end = BodyEndRecord{.clean = true, .exit = "exited with status 0"};
  story.ended = true;
  return story;
}

RunRecord classified(const GuestStory& story, const GuestOutcome& guest = {}, const std::string& expected = {}) {
  RunRecord record;
  classify({.settings = {.test = "t"}, .expect_failure = expected}, story, guest, record);
  return record;
}

TEST(Evidence, ThatIsWholeSaysNothing) {
  const RunRecord record = classified(whole_story());
  EXPECT_EQ(record.outcome, Outcome::kPass);
  EXPECT_TRUE(record.details.empty());
}

TEST(Evidence, OfLostRecordsIsNeverAPass) {
  for (const std::uint64_t lost : {std::uint64_t{1}, std::uint64_t{12'344}, UINT64_MAX}) {
    const RunRecord record = classified(whole_story(), {.dropped_records = lost});
    EXPECT_EQ(record.outcome, Outcome::kInconclusive);
    EXPECT_EQ(record.details.at(0).kind, DetailKind::kLostEvidence);
    EXPECT_THAT(record.details[0].message, HasSubstr(std::to_string(lost)));
  }
}

TEST(Evidence, OfAFailureIsEnoughToFail) {
  GuestStory story = whole_story();
  story.result->result.details = {{.kind = DetailKind::kStuck, .message = "x"}};
  EXPECT_EQ(classified(story, {.dropped_records = 1}).outcome, Outcome::kFail);
}

TEST(Evidence, OfAnExpectedFailureThatIsLostInPartIsNoPassEither) {
  GuestStory story = whole_story();
  story.result->result.details = {{.kind = DetailKind::kStuck, .message = "x"}};
  EXPECT_EQ(classified(story, {}, "stuck").outcome, Outcome::kPass);
  EXPECT_EQ(classified(story, {.dropped_records = 1}, "stuck").outcome, Outcome::kInconclusive);
}

TEST(Evidence, IsMissedWhereAGuestOnlySaysThatItIsDone) {
  const RunRecord record = classified({});
  EXPECT_EQ(record.outcome, Outcome::kInconclusive);
  ASSERT_EQ(record.details.size(), 2u);
  EXPECT_THAT(record.details[0].message, HasSubstr("last record"));
  EXPECT_THAT(record.details[1].message, HasSubstr("neither a result"));
}

TEST(Evidence, IsMissedWhereThePluginEndedNoTurn) {
  const auto with = [](std::vector<std::uint64_t> counted) {
    RunRecord record;
    record.tuple.turn_instructions = 1000;
    classify({.settings = {.test = "t"}}, whole_story(), {.turns = {.turns = 0, .instructions = std::move(counted)}},
             record);
    return record;
  };
  EXPECT_EQ(with({0, 7}).outcome, Outcome::kPass);
  EXPECT_EQ(with({0, 0}).outcome, Outcome::kInconclusive);
  EXPECT_THAT(with({}).details.at(0).message, HasSubstr("ended no turn"));
}

TEST(Evidence, OfTheKernelsLogThatWasCutIsLost) {
  GuestStory story = whole_story();
  story.outputs = {{.stream = LogRecord::Stream::kKernel, .printed = 5000, .dropped = 1000}};
  EXPECT_EQ(classified(story).outcome, Outcome::kInconclusive);
}

TEST(Output, OfASchedulerThatPrintsWithoutPauseIsAFailure) {
  GuestStory story = whole_story();
  story.scheduler_log = {"first", "last words"};
  story.outputs = {{.stream = LogRecord::Stream::kScheduler,
                    .printed = 2 * kMostPrinted + 1,
                    .test_printed = 2 * kMostPrinted + 1,
                    .test_ns = 1'000'000'000}};
  const RunRecord record = classified(story);
  EXPECT_EQ(record.outcome, Outcome::kFail);
  EXPECT_EQ(record.details.at(0).kind, DetailKind::kOutputFlood);
  EXPECT_THAT(record.details[0].message, HasSubstr("last words"));
}

TEST(Output, ThatIsOnlyLongIsANote) {
  GuestStory story = whole_story();
  story.outputs = {{.stream = LogRecord::Stream::kScheduler,
                    .printed = 20 * kMostPrinted,
                    .dropped = 18 * kMostPrinted,
                    .test_printed = 2 * kMostPrinted,
                    .test_ns = 1'000'000'000},
                   {.stream = LogRecord::Stream::kBody, .printed = 20 * kMostPrinted, .dropped = 18 * kMostPrinted}};
  story.body_start_ns = 1;
  story.body_end_ns = 10'000'000'001;
  const RunRecord record = classified(story, {.console_cut = 5});
  EXPECT_EQ(record.outcome, Outcome::kPass);
  EXPECT_EQ(record.details.size(), 3u);
}

TEST(Output, OfAGuestThatPrintsOnItsConsoleWithoutPauseIsAFailure) {
  GuestStory story = whole_story();
  story.body_start_ns = 1;
  story.body_end_ns = 1'000'000'001;
  const RunRecord record = classified(story, {.console_tail = {"again"}, .console_cut = 1});
  EXPECT_EQ(record.outcome, Outcome::kFail);
  EXPECT_EQ(record.details.at(0).kind, DetailKind::kOutputFlood);
  EXPECT_THAT(record.details[0].message, HasSubstr("last: again"));
}

TEST(Output, OfAGuestThatFloodsItsConsoleIsAFailureAfterTheBoot) {
  const GuestOutcome guest{
      .end = GuestEnd::kFlood, .phase = Phase::kBody, .message = "it printed", .console_tail = {"again"}};
  const RunRecord record = classified(whole_story(), guest);
  EXPECT_EQ(record.outcome, Outcome::kFail);
  EXPECT_EQ(record.details.at(0).kind, DetailKind::kOutputFlood);
  EXPECT_EQ(classified(whole_story(), guest, "output_flood").outcome, Outcome::kPass);
  EXPECT_EQ(classified({}, {.end = GuestEnd::kFlood, .phase = Phase::kBoot}).outcome, Outcome::kInfrastructure);
}

TEST(Output, OfMoreRecordsThanAreKeptIsLostEvidence) {
  const RunRecord record =
      classified(whole_story(), {.end = GuestEnd::kTooMuchSaid, .phase = Phase::kBody, .message = "m"});
  EXPECT_EQ(record.outcome, Outcome::kInconclusive);
  EXPECT_EQ(record.details.at(0).kind, DetailKind::kLostEvidence);
}

}  // namespace
}  // namespace ktstr
