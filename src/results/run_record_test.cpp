// SPDX-License-Identifier: Apache-2.0
#include "results/run_record.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

TEST(Outcome, HasTheDocumentedExitCodes) {
  const std::pair<Outcome, int> expected[] = {
      {Outcome::kPass, 0},           {Outcome::kFail, 1},      {Outcome::kInconclusive, 2}, {Outcome::kSkip, 0},
      {Outcome::kInfrastructure, 3}, {Outcome::kBadInput, 64}, {Outcome::kInterrupted, 130}};
  for (const auto& [outcome, code] : expected) {
    EXPECT_EQ(exit_code(outcome), code) << to_string(outcome);
    EXPECT_EQ(enum_from<Outcome>(to_string(outcome)), outcome);
  }
  EXPECT_EQ(enum_from<Outcome>("great"), std::nullopt);
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

TEST(ExitStatus, TheWorseOfTwoFollowsTheDocumentedOrder) {
  const std::vector<int> from_worst = {130, 64, 3, 1, 2, 0};
  for (std::size_t i = 0; i < from_worst.size(); ++i) {
    for (std::size_t j = i; j < from_worst.size(); ++j) {
      EXPECT_EQ(worse_exit(from_worst[i], from_worst[j]), from_worst[i]);
      EXPECT_EQ(worse_exit(from_worst[j], from_worst[i]), from_worst[i]);
    }
  }
}

TEST(ExitStatus, APassBesideASkipIsAPass) {
  EXPECT_EQ(worse_outcome(Outcome::kSkip, Outcome::kPass), Outcome::kPass);
  EXPECT_EQ(worse_outcome(Outcome::kPass, Outcome::kSkip), Outcome::kPass);
  EXPECT_EQ(worse_outcome(Outcome::kSkip, Outcome::kSkip), Outcome::kSkip);
  EXPECT_EQ(worse_outcome(Outcome::kFail, Outcome::kInconclusive), Outcome::kFail);
}

}  // namespace
}  // namespace ktstr
