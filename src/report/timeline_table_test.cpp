// SPDX-License-Identifier: Apache-2.0
#include "report/timeline_table.h"

#include <gmock/gmock.h>

#include "report/testing/sample_records.h"

namespace ktstr {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Kind = StepMark::Kind;

TEST(TimelineTable, SetsWhatWasFoundBesideTheStepThatItWasFoundIn) {
  const std::string table = timeline_table(unfair_record(), "");
  const std::string calm = table.substr(table.find("1 calm"), table.find("2 crowded") - table.find("1 calm"));
  const std::string crowded = table.substr(table.find("2 crowded"));
  EXPECT_THAT(calm, Not(HasSubstr("unfair")));
  EXPECT_THAT(crowded, HasSubstr("unfair"));
  EXPECT_THAT(crowded, HasSubstr("set_cpuset, set_nice (3 ops)"));
}

TEST(TimelineTable, CountsTheRoundsWhereThereIsALoop) {
  RunRecord record = passing_record();
  EXPECT_THAT(timeline_table(record, ""), Not(HasSubstr("rounds")));
  record.marks.insert(record.marks.begin() + 4, {{Kind::kScenarioResume, 1, 3'101'200'000, 2, 8, ""},
                                                 {Kind::kScenarioPause, 1, 3'101'300'000, 2, 8, ""}});
  EXPECT_THAT(timeline_table(record, ""), HasSubstr("rounds"));
}

TEST(TimelineTable, HasTheStepThatCameToNoHold) {
  RunRecord record = passing_record();
  record.marks.resize(2);
  record.stimuli.clear();
  EXPECT_THAT(timeline_table(record, ""), HasSubstr("1      -     -        -        -             -"));
}

TEST(TimelineTable, IsNothingWhereNoStepRan) { EXPECT_EQ(timeline_table(RunRecord{}, ""), ""); }

TEST(TimelineExplains, AFailureOfSeveralStepsOfOpsOrOfASetUp) {
  RunRecord record = passing_record();
  EXPECT_FALSE(timeline_explains(record));
  EXPECT_FALSE(timeline_explains(RunRecord{}));
  EXPECT_TRUE(timeline_explains(unfair_record()));
  record.stimuli[0].ops = 1;
  EXPECT_TRUE(timeline_explains(record));
  record.stimuli.clear();
  record.marks.resize(2);
  EXPECT_TRUE(timeline_explains(record));
}

}  // namespace
}  // namespace ktstr
