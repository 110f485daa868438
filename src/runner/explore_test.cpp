// SPDX-License-Identifier: Apache-2.0
#include "runner/explore.h"

#include <gmock/gmock.h>

#include "base/file.h"
#include "results/run_directory.h"

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

// A run that leaves a directory, as the real ones do.
class Explore : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "ktstr-explore");
    ASSERT_TRUE(dir);
    state_.emplace(*std::move(dir));
  }
  ExploreOptions options(SeedRange range, std::function<Outcome(std::uint64_t)> outcome) {
    ExploreOptions options{.range = range};
    options.pool.jobs = 3;
    options.request = [](std::uint64_t seed) {
      RunRequest request;
      request.settings.test = "t";
      request.mode = "det";
      request.settings.seed = seed;
      return request;
    };
    options.run = [this, outcome](const RunRequest& request) {
      RunRecord record;
      if (outcome(request.settings.seed) == Outcome::kFail)
        record = failed(request.settings.seed, DetailKind::kUser, "wrong");
      record.outcome = outcome(request.settings.seed);
      record.tuple.seed = request.settings.seed;
      const auto dir = RunDirectory::create(state_->path(), "t", std::chrono::system_clock::now());
      if (dir) record.run_dir = dir->path();
      return record;
    };
    options.done = [this](const RunRecord& record) { seen_.push_back(record.tuple.seed); };
    return options;
  }
  std::optional<TempDir> state_;
  std::vector<std::uint64_t> seen_;
};

TEST_F(Explore, RunsEverySeedOnceAndKeepsOnlyWhatFailed) {
  const auto outcome = [](std::uint64_t seed) { return seed % 3 == 0 ? Outcome::kFail : Outcome::kPass; };
  const Exploration found = explore(options({4, 10}, outcome));
  EXPECT_THAT(seen_, ElementsAre(4, 5, 6, 7, 8, 9, 10));
  EXPECT_EQ(found.results.size(), 7U);
  ASSERT_EQ(found.groups.size(), 1U);
  EXPECT_THAT(found.groups[0].members, ElementsAre(6, 9));
  EXPECT_TRUE(fs::exists(found.groups[0].run_dir));
  EXPECT_EQ(std::distance(fs::directory_iterator(state_->path() / "runs"), fs::directory_iterator()), 2);
}

TEST_F(Explore, TheLastSeedsOfAllCanBeExplored) {
  const Exploration found =
      explore(options({UINT64_MAX - 1, UINT64_MAX}, [](std::uint64_t) { return Outcome::kPass; }));
  EXPECT_THAT(seen_, ElementsAre(UINT64_MAX - 1, UINT64_MAX));
  EXPECT_EQ(found.not_run(), 0U);
}

TEST_F(Explore, AMistakeOfTheUserEndsIt) {
  const Exploration found = explore(options({1, 100}, [](std::uint64_t) { return Outcome::kBadInput; }));
  EXPECT_GE(found.not_run(), 97U);
  EXPECT_EQ(seen_.size(), 1U);
}

TEST_F(Explore, WhatAGroupNamesIsKeptHoweverManyFollow) {
  ExploreOptions asked = options({1, 20}, [](std::uint64_t) { return Outcome::kFail; });
  asked.done = [&](const RunRecord& record) {
    if (record.tuple.seed == 20) {
      EXPECT_GT(*prune_runs(state_->path(), 1), 0U);
    }
  };
  const Exploration found = explore(asked);
  EXPECT_TRUE(fs::exists(found.groups.at(0).run_dir));
}

}  // namespace
}  // namespace ktstr
