// SPDX-License-Identifier: Apache-2.0
#include "results/exploration.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using ::testing::HasSubstr;

TEST(SeedRange, HasBothEnds) {
  EXPECT_EQ(*SeedRange::parse("1..200"), (SeedRange{1, 200}));
  EXPECT_EQ(SeedRange::parse("1..200")->count(), 200U);
  EXPECT_EQ(SeedRange::parse("7..7")->count(), 1U);
}

TEST(SeedRange, ReachesToTheLargestSeed) {
  const auto range = SeedRange::parse("18446744073709551614..18446744073709551615");
  ASSERT_TRUE(range) << range.error().render();
  EXPECT_EQ(range->to, UINT64_MAX);
  EXPECT_EQ(range->count(), 2U);
}

TEST(SeedRange, RefusesWhatIsNone) {
  for (const char* text :
       {"", "1", "1-3", "1...3", "..3", "1..", "a..b", "1..3x", "-1..3", "1..18446744073709551616"}) {
    const auto range = SeedRange::parse(text);
    ASSERT_FALSE(range) << text;
    EXPECT_THAT(range.error().render(), HasSubstr("1..200")) << text;
  }
  EXPECT_THAT(SeedRange::parse("3..1").error().render(), HasSubstr("larger than the last"));
  EXPECT_THAT(SeedRange::parse("0..1000000").error().render(), HasSubstr("more than 1000000 seeds"));
  EXPECT_TRUE(SeedRange::parse("1..1000000"));
}

TEST(CompactRanges, JoinNeighbours) {
  EXPECT_EQ(compact_ranges({}), "");
  EXPECT_EQ(compact_ranges({7}), "7");
  EXPECT_EQ(compact_ranges({1, 2, 3, 7}), "1-3,7");
  EXPECT_EQ(compact_ranges({1, 2, 4, 9, 10, 11}), "1,2,4,9-11");
}

std::string bare(std::string_view message) { return without_numbers(message, {"cg_0", "cg_10", "2024"}); }

TEST(WithoutNumbers, TimesPidsAndAddressesAreAllTheSame) {
  EXPECT_EQ(bare("ktstr-worker[104] failed to run for 2.004s"), bare("ktstr-worker[97] failed to run for 950ms"));
  EXPECT_EQ(bare("at 0xffff8881 in f"), "at # in f");
  EXPECT_EQ(bare("task ffff888100b04d00 is lost"), "task # is lost");
  EXPECT_EQ(bare("away for 2412 ms (limit 2000 ms)"), "away for # (limit #)");
  EXPECT_EQ(bare("CPUs 0-1,3 and 2"), "CPUs # and #");
  EXPECT_EQ(bare("kworker/0:1"), "kworker/#:#");
}

TEST(WithoutNumbers, WordsStayAlsoWhenTheyLookLikeHexadecimal) {
  EXPECT_EQ(bare("added a dead cafe"), "added a dead cafe");
  EXPECT_EQ(bare("defaced feedback decade"), "defaced feedback decade");
}

TEST(WithoutNumbers, NamesOfCgroupsStay) {
  EXPECT_EQ(bare("worker 3 of cg_0"), "worker # of cg_0");
  EXPECT_EQ(bare("worker 3 of cg_10: 10"), "worker # of cg_10: #");
  EXPECT_NE(bare("stuck in cg_0"), bare("stuck in cg_10"));
  EXPECT_EQ(bare("cg_01 and 2024"), "cg_# and 2024");
}

TEST(WithoutNumbers, AUnitIsOnlyAWholeWord) { EXPECT_EQ(bare("4 stalls, 4 s, 4 more"), "# stalls, #, # more"); }

TEST(Exploration, CountsWhatItHas) {
  Exploration found;
  found.range = {1, 6};
  found.results = {{1, Outcome::kPass, "", ""}, {2, Outcome::kFail, "", ""}, {3, Outcome::kInfrastructure, "", ""}};
  EXPECT_EQ(found.count(Outcome::kFail), 1U);
  EXPECT_EQ(found.decided(), 2U);
  EXPECT_EQ(found.not_run(), 3U);
}

TEST(Exploration, AFailureOutweighsWhatCouldNotBeRun) {
  Exploration found;
  EXPECT_EQ(outcome_of(found), Outcome::kInterrupted);
  for (const Outcome outcome : {Outcome::kSkip, Outcome::kPass, Outcome::kInconclusive, Outcome::kInfrastructure,
                                Outcome::kFail, Outcome::kBadInput, Outcome::kInterrupted}) {
    found.results.push_back({1, outcome, "", ""});
    EXPECT_EQ(outcome_of(found), outcome);
  }
}

}  // namespace
}  // namespace ktstr
