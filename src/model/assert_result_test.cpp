// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "ktstr/checks.h"

namespace ktstr {
namespace {

using testing::ElementsAre;

AssertResult with(Verdict verdict) {
  AssertResult result;
  result.details.push_back({.verdict = verdict, .message = "x"});
  return result;
}

TEST(AssertResult, PassesWhenNothingWasFound) {
  EXPECT_EQ(AssertResult{}.verdict(), Verdict::kPass);
  EXPECT_EQ(AssertResult::pass().verdict(), Verdict::kPass);
}

TEST(AssertResult, IsAsBadAsItsWorstDetail) {
  AssertResult result = with(Verdict::kInconclusive);
  EXPECT_EQ(result.verdict(), Verdict::kInconclusive);
  result.merge(with(Verdict::kFail));
  result.merge(with(Verdict::kPass));
  EXPECT_EQ(result.verdict(), Verdict::kFail);
}

TEST(AssertResult, SkipsOnlyWhenAllOfItSkips) {
  AssertResult skip = AssertResult::skip("no second LLC");
  EXPECT_EQ(skip.verdict(), Verdict::kSkip);
  EXPECT_EQ(skip.details.at(0).message, "no second LLC");
  skip.merge(AssertResult::skip("no second node"));
  EXPECT_EQ(skip.verdict(), Verdict::kSkip);
  skip.merge(AssertResult::pass());
  EXPECT_EQ(skip.verdict(), Verdict::kPass);
  EXPECT_EQ(skip.details.size(), 2u);
}

TEST(AssertResult, FailsThoughPartOfItWasSkipped) {
  AssertResult result = AssertResult::skip("no second LLC");
  result.merge(AssertResult::fail("the queue was lost"));
  EXPECT_EQ(result.verdict(), Verdict::kFail);
}

TEST(AssertResult, ListsClaimsAndFailsOnThoseThatDoNotHold) {
  AssertResult result;
  result.claim(true, "every worker moved");
  EXPECT_EQ(result.verdict(), Verdict::kPass);
  result.claim(false, "no worker slept");
  EXPECT_EQ(result.verdict(), Verdict::kFail);
  EXPECT_THAT(result.checked, ElementsAre(Checked{"every worker moved"}, Checked{"no worker slept"}));
  EXPECT_EQ(result.details.at(0).kind, DetailKind::kUser);
  EXPECT_EQ(result.details.at(0).message, "claim does not hold: no worker slept");
}

TEST(AssertResult, KeepsEverythingWhenItMergesAndListsWhatWasCheckedOnce) {
  AssertResult first, second;
  first.claim(false, "a");
  first.cgroups.emplace_back().cgroup = "cg_0";
  second.claim(false, "a").claim(true, "b");
  second.checked.push_back({"a", 2});
  second.cgroups.emplace_back().cgroup = "cg_1";
  first.merge(second);
  EXPECT_EQ(first.details.size(), 2u);
  EXPECT_EQ(first.cgroups.at(1).cgroup, "cg_1");
  EXPECT_THAT(first.checked, ElementsAre(Checked{"a"}, Checked{"b"}, Checked{"a", 2}));
}

TEST(Verdict, HasATextEach) {
  EXPECT_EQ(to_string(Verdict::kSkip), "skip");
  EXPECT_EQ(to_string(Verdict::kPass), "pass");
  EXPECT_EQ(to_string(Verdict::kInconclusive), "inconclusive");
  EXPECT_EQ(to_string(Verdict::kFail), "fail");
}

TEST(DetailKind, IsReadBackFromItsText) {
  std::set<std::string_view> texts;
  for (int i = 0; i <= static_cast<int>(DetailKind::kNote); ++i) {
    const auto kind = static_cast<DetailKind>(i);
    EXPECT_EQ(detail_kind_from(to_string(kind)), kind);
    texts.insert(to_string(kind));
  }
  EXPECT_EQ(texts.size(), static_cast<std::size_t>(DetailKind::kNote) + 1);
  EXPECT_EQ(to_string(DetailKind::kNoProgress), "no_progress");
  EXPECT_EQ(to_string(DetailKind::kSchedulerStalled), "scheduler_stalled");
  EXPECT_EQ(detail_kind_from("Stuck"), std::nullopt);
  EXPECT_EQ(detail_kind_from("unknown"), std::nullopt);
}

}  // namespace
}  // namespace ktstr
