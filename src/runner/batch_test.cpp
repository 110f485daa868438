// SPDX-License-Identifier: Apache-2.0
#include "runner/batch.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <stdexcept>

#include "base/file.h"
#include "results/run_directory.h"

namespace ktstr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

RunRecord record_of(const RunRequest& request, Outcome outcome) {
  RunRecord record;
  record.test = request.settings.test;
  record.outcome = outcome;
  record.tuple.seed = request.settings.seed;
  record.repeat_command = request.repeat_command;
  if (outcome == Outcome::kFail) record.details = {{.kind = DetailKind::kUser, .message = "wrong"}};
  return record;
}

// A test whose request carries its cell's values as words.
BatchTest test_of(const std::string& name, std::vector<Axis> axes = {}) {
  BatchTest test{.name = name, .axes = std::move(axes)};
  test.request = [name](const std::vector<AxisValue>& values) -> Result<RunRequest> {
    RunRequest request;
    request.settings.test = name;
    request.mode = "det";
    for (const AxisValue& value : values) request.settings.args.push_back(value.value);
    return request;
  };
  test.repeat_command = [](const RunRequest& request) {
    return fmt::format("again {} --seed {}", fmt::join(request.settings.args, " "), request.settings.seed);
  };
  return test;
}

class BatchTests : public testing::Test {
 protected:
  using Run = std::function<RunRecord(const RunRequest&)>;
  static Run always(Outcome outcome) {
    return [outcome](const RunRequest& request) { return record_of(request, outcome); };
  }
  // Fails, passes, ... as a cell's values say it.
  static Run by(const std::string& word, Outcome outcome) {
    return [=](const RunRequest& request) {
      const auto& words = request.settings.args;
      const bool is_it = std::find(words.begin(), words.end(), word) != words.end();
      return record_of(request, is_it ? outcome : Outcome::kPass);
    };
  }

  BatchResult run(const Batch& batch, const Run& run, int jobs = 3) {
    options_.pool.jobs = jobs;
    options_.run = [this, run](const RunRequest& request) {
      ++made_;
      return run(request);
    };
    options_.ran = [this](const Cell& cell, const RunRecord& record, std::uint64_t number) {
      seen_.push_back(
          fmt::format("{}/{} {} {}", cell.number, number, describe(cell.values), to_string(record.outcome)));
      seeds_.push_back(record.tuple.seed);
      if (watch_) watch_(record);
    };
    options_.ended = [this](const Cell& cell) { ended_.push_back(cell.number); };
    return run_batch(batch, options_);
  }

  BatchOptions options_;
  std::function<void(const RunRecord&)> watch_;
  std::atomic<int> made_{0};
  std::vector<std::string> seen_;
  std::vector<std::uint64_t> seeds_, ended_;
};

TEST_F(BatchTests, TestsComeOneAfterAnother) {
  const BatchResult found = run({.tests = {test_of("a"), test_of("b"), test_of("c")}}, always(Outcome::kPass));
  ASSERT_EQ(found.cells.size(), 3U);
  EXPECT_EQ(found.cells[1].test, "b");
  EXPECT_EQ(found.cells[1].records.at(0).test, "b");
  EXPECT_FALSE(found.is_matrix());
  EXPECT_THAT(ended_, ElementsAre(1, 2, 3));
  EXPECT_EQ(found.exit(), 0);
}

TEST_F(BatchTests, NothingToRunIsNoRun) { EXPECT_THAT(run({}, always(Outcome::kPass)).cells, IsEmpty()); }

TEST_F(BatchTests, EachCombinationOfFourAxesIsACell) {
  const std::vector<Axis> axes = {{"topology", {"t1", "t2"}},
                                  {"kernel", {"k1", "k2", "k3"}},
                                  {"scheduler", {"", "s"}},
                                  {"work-type", {"w1", "w2"}}};
  const BatchResult found = run({.tests = {test_of("a", axes)}}, always(Outcome::kPass));
  ASSERT_EQ(found.cells.size(), 24U);
  EXPECT_TRUE(found.is_matrix());
  EXPECT_EQ(seen_.front(), "1/1 topology t1, kernel k1, scheduler '', work-type w1 pass");
  EXPECT_EQ(seen_[1], "2/1 topology t1, kernel k1, scheduler '', work-type w2 pass");
  EXPECT_EQ(seen_[4], "5/1 topology t1, kernel k2, scheduler '', work-type w1 pass");
  EXPECT_EQ(seen_.back(), "24/1 topology t2, kernel k3, scheduler s, work-type w2 pass");
  EXPECT_EQ(std::set<std::string>(seen_.begin(), seen_.end()).size(), 24U);
}

TEST_F(BatchTests, RepetitionsAreOfEachCell) {
  const Batch batch{.tests = {test_of("a", {{"topology", {"t1", "t2"}}})}, .repeat = 2};
  options_.keep_records = true;
  const BatchResult found = run(batch, always(Outcome::kPass));
  EXPECT_THAT(seen_, ElementsAre("1/1 topology t1 pass", "1/2 topology t1 pass", "2/1 topology t2 pass",
                                 "2/2 topology t2 pass"));
  EXPECT_EQ(found.cells[1].records.size(), 2U);
}

TEST_F(BatchTests, ARepetitionIsComparedWithTheFirst) {
  std::atomic<int> count{0};
  const auto differing = [&](const RunRequest& request) {
    RunRecord record = record_of(request, Outcome::kPass);
    record.mode = "det";
    record.digest_complete = true;
    record.digest = ++count == 3 ? "other" : "same";
    return record;
  };
  const BatchResult found = run({.tests = {test_of("a")}, .repeat = 3}, differing, 1);
  EXPECT_THAT(found.cells[0].counts, ElementsAre(std::pair(Outcome::kPass, 2), std::pair(Outcome::kFail, 1)));
  EXPECT_EQ(found.groups.at(0).kind, "not_repeatable");
}

// That of a thousand seeds is made once, that of a thousand cells when the cell's turn comes.
TEST_F(BatchTests, RequestsAreMadeWhenTheirTurnComes) {
  BatchTest test = test_of("a", {{"topology", {"t1", "t2", "t3"}}});
  std::vector<int> made_before;
  test.request = [&, make = test.request](const std::vector<AxisValue>& values) {
    made_before.push_back(made_);
    return make(values);
  };
  run({.tests = {test}, .seeds = SeedRange{1, 1000}}, always(Outcome::kPass), 1);
  EXPECT_THAT(made_before, ElementsAre(0, 1000, 2000));
  EXPECT_EQ(seeds_.size(), 3000U);
}

TEST_F(BatchTests, FailFastStartsNoMoreCells) {
  options_.pool.fail_fast = true;
  const Batch batch{.tests = {test_of("a", {{"topology", {"t1", "t2", "t3"}}}), test_of("b")}, .repeat = 2};
  const BatchResult found = run(batch, by("t2", Outcome::kFail), 1);
  EXPECT_EQ(made_, 3);
  ASSERT_EQ(found.cells.size(), 4U);
  EXPECT_EQ(found.cells[1].not_run(), 1U);
  EXPECT_EQ(found.cells[2].not_run(), 2U);
  EXPECT_THAT(ended_, ElementsAre(1, 2));
  EXPECT_THAT(found.tests_by_outcome(), ElementsAre(std::pair(Outcome::kFail, 1)));
  EXPECT_EQ(found.tests_not_run(), 1);
}

TEST_F(BatchTests, AnInterruptStartsNoMoreCells) {
  std::atomic<bool> interrupted{false};
  options_.pool.interrupted = [&] { return interrupted.load(); };
  const auto second = [&](const RunRequest& request) {
    interrupted = request.settings.args.at(0) == "t2";
    return record_of(request, interrupted ? Outcome::kInterrupted : Outcome::kPass);
  };
  const BatchResult found = run({.tests = {test_of("a", {{"topology", {"t1", "t2", "t3"}}})}}, second, 1);
  EXPECT_EQ(made_, 2);
  EXPECT_EQ(found.cells[2].not_run(), 1U);
  EXPECT_EQ(found.exit(), 130);
}

TEST_F(BatchTests, ARefusedCellIsSaidAndTheOthersAreRun) {
  BatchTest test = test_of("a", {{"topology", {"t1", "t2", "t3"}}});
  test.request = [make = test.request](const std::vector<AxisValue>& values) -> Result<RunRequest> {
    if (values[0].value == "t2") return Error(ErrorCode::kInvalidArgument, "no second LLC").with_hint("another");
    return make(values);
  };
  const BatchResult found = run({.tests = {test}, .repeat = 5}, by("t3", Outcome::kFail));
  EXPECT_EQ(made_, 10);
  EXPECT_EQ(found.cells[1].counts.at(Outcome::kBadInput), 1);
  const RunRecord& refused = found.cells[1].records.at(0);
  EXPECT_EQ(refused.error, "topology t2: no second LLC");
  EXPECT_EQ(refused.error_hint, "another");
  EXPECT_EQ(refused.test, "a");
  EXPECT_EQ(found.exit(), 64);
  EXPECT_THAT(ended_, ElementsAre(1, 2, 3));
}

TEST_F(BatchTests, WhatCannotBeMadeReadyIsARefusalToo) {
  BatchTest lacking = test_of("a"), throwing = test_of("b");
  lacking.prepare = [](RunRequest&) -> Status { return Error(ErrorCode::kUnsupported, "no kernel"); };
  throwing.prepare = [](RunRequest&) -> Status { throw std::runtime_error("no way"); };
  const BatchResult found = run({.tests = {lacking, throwing}}, always(Outcome::kPass));
  EXPECT_EQ(made_, 0);
  EXPECT_EQ(found.cells[0].records.at(0).error, "no kernel");
  EXPECT_THAT(found.cells[1].records.at(0).error, HasSubstr("no way"));
  EXPECT_EQ(found.exit(), 3);
}

TEST_F(BatchTests, AMistakeOfTheUserIsMadeOnceInEachCell) {
  const Batch batch{.tests = {test_of("a", {{"topology", {"t1", "t2"}}})}, .repeat = 50};
  const BatchResult found = run(batch, by("t1", Outcome::kBadInput), 1);
  EXPECT_EQ(made_, 51);
  EXPECT_EQ(found.cells[0].not_run(), 49U);
  EXPECT_EQ(found.cells[1].counts.at(Outcome::kPass), 50);
}

// The first run may come to its turn after another has found the mistake.
TEST_F(BatchTests, AMistakeOfTheUserIsSaidByWhicheverRunIsTheFirstOfItsCell) {
  const Run refused = [](const RunRequest& request) {
    RunRecord record = record_of(request, Outcome::kBadInput);
    record.error = "no such file";
    return record;
  };
  for (int trial = 0; trial < 500; ++trial) {
    const BatchResult found = run({.tests = {test_of("a")}, .repeat = 4}, refused, 4);
    ASSERT_EQ(found.cells[0].records.at(0).error, "no such file") << "trial " << trial;
  }
}

TEST_F(BatchTests, FailuresOfSeveralCellsAreGroupedAndTheFirstCanBeRepeated) {
  const std::vector<Axis> axes = {{"topology", {"t1", "t2"}}, {"scheduler", {"s1", "s2"}}};
  const BatchResult found = run({.tests = {test_of("a", axes)}}, by("s2", Outcome::kFail));
  ASSERT_EQ(found.groups.size(), 1U);
  EXPECT_THAT(found.groups[0].members, ElementsAre(2, 4));
  EXPECT_EQ(found.groups[0].repeat_command, "again t1 s2 --seed 1");
  EXPECT_EQ(found.exit(), 1);
}

// As in pool_test.cpp: the first cell's record comes of no run, and none of its request was made.
TEST_F(BatchTests, WithoutAThreadToBeHadTheFirstCellSaysSo) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::geteuid() == 0 && ::setresuid(65533, 65533, 65533) != 0) ::_exit(10);
    const rlimit none{0, 0};
    if (::setrlimit(RLIMIT_NPROC, &none) != 0) ::_exit(11);
    const BatchResult found =
        run({.tests = {test_of("a"), test_of("b")}, .seeds = SeedRange{1, 3}}, always(Outcome::kPass));
    if (found.exit() != 3 || found.cells.at(0).exploration->results.size() != 1) ::_exit(12);
    ::_exit(found.cells.at(1).not_run() == 3 ? 0 : 13);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

// A run that leaves a directory, as the real ones do.
class Exploring : public BatchTests {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "ktstr-explore");
    ASSERT_TRUE(dir);
    state_.emplace(*std::move(dir));
  }
  BatchResult explore(const SeedRange& range, const std::function<Outcome(std::uint64_t)>& outcome,
                      std::vector<Axis> axes = {}) {
    const auto leave = [=, this](const RunRequest& request) {
      RunRecord record = record_of(request, outcome(request.settings.seed));
      const auto dir = RunDirectory::create(state_->path(), "t", std::chrono::system_clock::now());
      if (dir) record.run_dir = dir->path();
      return record;
    };
    return run({.tests = {test_of("t", std::move(axes))}, .seeds = range}, leave);
  }
  std::optional<TempDir> state_;
};

TEST_F(Exploring, RunsEverySeedOnceAndKeepsOnlyWhatFailed) {
  const auto outcome = [](std::uint64_t seed) { return seed % 3 == 0 ? Outcome::kFail : Outcome::kPass; };
  const Exploration found = *explore({4, 10}, outcome).cells.at(0).exploration;
  EXPECT_THAT(seeds_, ElementsAre(4, 5, 6, 7, 8, 9, 10));
  EXPECT_EQ(found.results.size(), 7U);
  EXPECT_EQ(found.mode, "det");
  ASSERT_EQ(found.groups.size(), 1U);
  EXPECT_THAT(found.groups[0].members, ElementsAre(6, 9));
  EXPECT_THAT(found.groups[0].repeat_command, HasSubstr("--seed 6"));
  EXPECT_TRUE(fs::exists(found.groups[0].run_dir));
  EXPECT_EQ(std::distance(fs::directory_iterator(state_->path() / "runs"), fs::directory_iterator()), 2);
}

TEST_F(Exploring, TheLastSeedsOfAllCanBeExplored) {
  const BatchResult found = explore({UINT64_MAX - 1, UINT64_MAX}, [](std::uint64_t) { return Outcome::kPass; });
  EXPECT_THAT(seeds_, ElementsAre(UINT64_MAX - 1, UINT64_MAX));
  EXPECT_EQ(found.cells.at(0).not_run(), 0U);
}

TEST_F(Exploring, AMistakeOfTheUserEndsIt) {
  const BatchResult found = explore({1, 100}, [](std::uint64_t) { return Outcome::kBadInput; });
  EXPECT_EQ(found.cells.at(0).exploration->not_run(), 99U);
  EXPECT_LE(made_, 4);
  EXPECT_EQ(seen_.size(), 1U);
}

TEST_F(Exploring, WhatAGroupNamesIsKeptHoweverManyFollow) {
  watch_ = [&](const RunRecord& record) {
    if (record.tuple.seed == 20) {
      EXPECT_GT(*prune_runs(state_->path(), 1), 0U);
    }
  };
  const BatchResult found = explore({1, 20}, [](std::uint64_t) { return Outcome::kFail; });
  EXPECT_TRUE(fs::exists(found.cells.at(0).exploration->groups.at(0).run_dir));
}

TEST_F(Exploring, EachCellHasAnExplorationOfItsOwn) {
  const auto outcome = [](std::uint64_t seed) { return seed == 2 ? Outcome::kFail : Outcome::kPass; };
  const BatchResult found = explore({1, 3}, outcome, {{"topology", {"t1", "t2"}}});
  EXPECT_THAT(seeds_, ElementsAre(1, 2, 3, 1, 2, 3));
  const Exploration& second = *found.cells.at(1).exploration;
  EXPECT_THAT(second.groups.at(0).members, ElementsAre(2));
  EXPECT_THAT(second.cell, ElementsAre(AxisValue{"topology", "t2"}));
  EXPECT_THAT(found.groups.at(0).members, ElementsAre(1, 2));
  EXPECT_THAT(found.groups.at(0).repeat_command, StartsWith("again t1 --seed 2"));
}

}  // namespace
}  // namespace ktstr
