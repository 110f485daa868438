// SPDX-License-Identifier: Apache-2.0
#include "results/run_directory.h"

#include <gtest/gtest.h>

#include "results/run_id.h"

namespace ktstr {
namespace {

using Clock = std::chrono::system_clock;

class RunDirectories : public ::testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "ktstr-runs");
    ASSERT_TRUE(dir);
    state_.emplace(*std::move(dir));
  }
  fs::path runs() const { return state_->path() / "runs"; }
  RunDirectory make(int at_second) {
    auto made = RunDirectory::create(state_->path(), "test", Clock::time_point(std::chrono::seconds(at_second)));
    EXPECT_TRUE(made) << made.error().render();
    return *std::move(made);
  }

  std::optional<TempDir> state_;
};

TEST_F(RunDirectories, AreMadeUnderTheirId) {
  const RunDirectory run = make(1);
  EXPECT_EQ(run.path(), runs() / run.id());
  EXPECT_TRUE(fs::is_directory(run.path()));
  EXPECT_TRUE(is_run_id(run.id()));
}

TEST_F(RunDirectories, OfTheSameMomentDiffer) {
  const RunDirectory a = make(1), b = make(1);
  EXPECT_NE(a.id(), b.id());
}

TEST_F(RunDirectories, ArePrunedOldestFirst) {
  std::vector<fs::path> paths;
  for (int i = 0; i < 5; ++i) paths.push_back(make(i).path());
  EXPECT_EQ(*prune_runs(state_->path(), 2), 3u);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(fs::exists(paths[i]), i >= 3) << i;
}

TEST_F(RunDirectories, AreKeptWhileInUse) {
  const RunDirectory oldest = make(0);
  for (int i = 1; i < 4; ++i) ignore_result(Result<int>(i), make(i).id().c_str());
  EXPECT_EQ(*prune_runs(state_->path(), 1), 2u);
  EXPECT_TRUE(fs::exists(oldest.path()));
}

TEST_F(RunDirectories, AreRemovedByNameWhereNobodyUsesThem) {
  std::optional<RunDirectory> run(make(0));
  const fs::path path = run->path();
  EXPECT_EQ(remove_run_directory(path).error().code(), ErrorCode::kBusy);
  run.reset();
  EXPECT_TRUE(remove_run_directory(path));
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(RunDirectories, AreKeptWhileHeldAndHeldOnlyWhenFinished) {
  std::optional<RunDirectory> run(make(0));
  const fs::path path = run->path();
  EXPECT_EQ(hold_run(path).error().code(), ErrorCode::kBusy);
  run.reset();
  {
    const auto held = hold_run(path);
    ASSERT_TRUE(held && *held);
    EXPECT_EQ(*prune_runs(state_->path(), 0), 0u);
  }
  EXPECT_EQ(*prune_runs(state_->path(), 0), 1u);
  EXPECT_FALSE(*hold_run("/nowhere"));
}

TEST_F(RunDirectories, LeaveEverythingElseAlone) {
  fs::create_directories(runs() / "notes");
  fs::create_directory_symlink("/tmp", runs() / make_run_id(Clock::time_point(), "link", 1));
  const fs::path run = make(1).path();
  EXPECT_EQ(*prune_runs(state_->path(), 0), 1u);
  EXPECT_TRUE(fs::exists(runs() / "notes"));
  EXPECT_FALSE(fs::exists(run));
  EXPECT_TRUE(fs::is_directory("/tmp"));
}

TEST_F(RunDirectories, AreNothingToPruneWhenThereAreNone) { EXPECT_EQ(*prune_runs(state_->path() / "none"), 0u); }

TEST_F(RunDirectories, SayWhereTheyCannotBeMade) {
  ASSERT_TRUE(write_text(state_->path() / "file", "x"));
  const auto made = RunDirectory::create(state_->path() / "file", "test", Clock::now());
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message().find("file/runs"), std::string::npos);
  EXPECT_NE(made.error().hint().find("XDG_STATE_HOME"), std::string::npos);
}

}  // namespace
}  // namespace ktstr
