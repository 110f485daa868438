// SPDX-License-Identifier: Apache-2.0
#include "runner/explore.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

RunRecord failed(std::uint64_t seed, DetailKind kind, const std::string& message, const std::string& cgroup = "") {
  RunRecord record;
  record.outcome = Outcome::kFail;
  record.tuple.seed = seed;
  record.repeat_command = "ktstr run x --seed " + std::to_string(seed);
  record.details = {{.kind = kind, .message = message, .cgroup = cgroup}};
  return record;
}

Exploration of(const std::vector<RunRecord>& records) {
  Exploration found;
  found.range = {records.front().tuple.seed, records.back().tuple.seed};
  for (const RunRecord& record : records) add_to(found, record);
  return found;
}

TEST(FailureGroups, TimesAndWorkersDoNotSplitThem) {
  const Exploration found = of({failed(1, DetailKind::kStuck, "worker 3 of cg_0 did not run for 2412 ms", "cg_0"),
                                failed(2, DetailKind::kStuck, "worker 0 of cg_0 did not run for 2.5 s", "cg_0")});
  ASSERT_EQ(found.groups.size(), 1U);
  EXPECT_EQ(found.groups[0].where, "worker # of cg_0 did not run for #");
  EXPECT_EQ(found.groups[0].signature(), "stuck: worker # of cg_0 did not run for #");
  EXPECT_THAT(found.groups[0].members, ElementsAre(1, 2));
  EXPECT_EQ(found.groups[0].repeat_command, "ktstr run x --seed 1");
  EXPECT_EQ(found.groups[0].message, "worker 3 of cg_0 did not run for 2412 ms");
}

TEST(FailureGroups, WhatRanInsteadDoesNotSplitThemAndWhoseDoingItWasDoes) {
  auto away = [](std::uint64_t seed, const std::string& ran, const std::string& cause) {
    RunRecord record = failed(seed, DetailKind::kStuck, "worker 3 was away for 2 s; CPU 0 ran " + ran, "cg_0");
    record.traced = {
        {.kind = DetailKind::kStuck, .cgroup = "cg_0", .headline = "worker 3 was away for 2 s", .cause = cause}};
    return record;
  };
  const Exploration found =
      of({away(1, "a", "a quota"), away(2, "b and c", "a quota"), away(3, "a", "real-time tasks")});
  ASSERT_EQ(found.groups.size(), 2U);
  EXPECT_THAT(found.groups[0].members, ElementsAre(1, 2));
  EXPECT_EQ(found.groups[0].message, "worker 3 was away for 2 s; CPU 0 ran a");
}

TEST(FailureGroups, CgroupsAndKindsDo) {
  const Exploration found = of({failed(1, DetailKind::kStuck, "worker 3 of cg_0", "cg_0"),
                                failed(2, DetailKind::kStuck, "worker 3 of cg_1", "cg_1"),
                                failed(3, DetailKind::kUnfair, "worker 3 of cg_1", "cg_1")});
  EXPECT_EQ(found.groups.size(), 3U);
}

TEST(FailureGroups, TheFrequentComeFirst) {
  const Exploration found = of({failed(1, DetailKind::kStuck, "a"), failed(2, DetailKind::kUser, "b"),
                                failed(3, DetailKind::kUser, "b"), failed(4, DetailKind::kStuck, "c")});
  ASSERT_EQ(found.groups.size(), 3U);
  EXPECT_EQ(found.groups[0].where, "b");
  EXPECT_EQ(found.groups[1].where, "a");
  EXPECT_EQ(found.groups[2].where, "c");
}

TEST(FailureGroups, TheCauseDecidesAndNotWhatItLedTo) {
  RunRecord a = failed(1, DetailKind::kStuck, "worker 3 of cg_0"),
            b = failed(2, DetailKind::kStuck, "worker 1 of cg_1");
  for (RunRecord* record : {&a, &b})
    record->details.push_back({.kind = DetailKind::kSchedulerStalled, .message = "the watchdog ended it"});
  const Exploration found = of({a, b});
  ASSERT_EQ(found.groups.size(), 1U);
  EXPECT_EQ(found.groups[0].kind, "scheduler_stalled");
}

TEST(FailureGroups, InfrastructureIsNoFailure) {
  RunRecord lost;
  lost.tuple.seed = 4;
  lost.outcome = Outcome::kInfrastructure;
  lost.error = "no room";
  const Exploration found = of({lost});
  EXPECT_THAT(found.groups, IsEmpty());
  EXPECT_EQ(found.count(Outcome::kFail), 0U);
  EXPECT_EQ(found.first_trouble, "seed 4: no room");
}

TEST(FailureGroups, OfACellWithSeveralRunsTheNumberIsThereOnce) {
  std::vector<FailureGroup> groups;
  for (const std::uint64_t cell : {1, 1, 4}) add_failure(groups, failed(7, DetailKind::kStuck, "a"), cell);
  add_failure(groups, failed(7, DetailKind::kStuck, "b"), 4);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_THAT(groups[0].members, ElementsAre(1, 4));
  EXPECT_THAT(groups[1].members, ElementsAre(4));
}

}  // namespace
}  // namespace ktstr
