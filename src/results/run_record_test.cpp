// SPDX-License-Identifier: Apache-2.0
#include "results/run_record.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

TEST(Outcome, HasTheDocumentedExitCodes) {
  const std::pair<Outcome, int> expected[] = {{Outcome::kPass, 0},           {Outcome::kFail, 1},
                                              {Outcome::kInconclusive, 2},   {Outcome::kSkip, 0},
                                              {Outcome::kInfrastructure, 3}, {Outcome::kBadInput, 64},
                                              {Outcome::kInterrupted, 130}};
  for (const auto& [outcome, code] : expected) {
    EXPECT_EQ(exit_code(outcome), code) << to_string(outcome);
    EXPECT_EQ(outcome_from(to_string(outcome)), outcome);
  }
  EXPECT_EQ(outcome_from("great"), std::nullopt);
}

TEST(Outcome, FollowsTheVerdict) {
  for (const Verdict verdict : {Verdict::kSkip, Verdict::kPass, Verdict::kInconclusive, Verdict::kFail})
    EXPECT_EQ(to_string(outcome_of(verdict)), to_string(verdict));
}

TEST(DigestsEqual, NeedsCompleteAndEqualDigests) {
  RunRecord a;
  a.digest = "aa";
  a.digest_complete = true;
  RunRecord b = a;
  EXPECT_TRUE(digests_equal({a, b}));
  EXPECT_FALSE(digests_equal({}));
  b.digest = "bb";
  EXPECT_FALSE(digests_equal({a, b}));
  b = a;
  b.digest_complete = false;
  EXPECT_FALSE(digests_equal({a, b}));
  EXPECT_FALSE(digests_equal({RunRecord{}, RunRecord{}}));
}

}  // namespace
}  // namespace ktstr
