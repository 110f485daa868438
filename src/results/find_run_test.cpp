// SPDX-License-Identifier: Apache-2.0
#include "results/find_run.h"

#include <gmock/gmock.h>

#include <optional>

#include "base/file.h"
#include "results/run_record_json.h"

namespace ktstr {
namespace {

using testing::HasSubstr;

class FindRun : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "ktstr-find");
    ASSERT_TRUE(dir);
    state_.emplace(*std::move(dir));
  }
  fs::path make(const std::string& id, Outcome outcome, const std::string& replay_of = "") {
    const fs::path dir = state_->path() / "runs" / id;
    fs::create_directories(dir);
    RunRecord record;
    record.id = id;
    record.outcome = outcome;
    record.replay_of = replay_of;
    EXPECT_TRUE(store_run_record(record, dir));
    return dir;
  }
  std::string found(const std::string& name) const {
    const auto path = find_run(state_->path(), name);
    return path ? path->filename().string() : path.error().render();
  }

  std::optional<TempDir> state_;
  const std::string first_ = "20261124-013855.417-two_cgroups-3fa2";
  const std::string second_ = "20261124-013856.000-two_cgroups-0001";
  const std::string third_ = "20261125-000000.000-two_cgroups-0002";
};

TEST_F(FindRun, ByIdAndByItsBeginning) {
  make(first_, Outcome::kPass);
  make(second_, Outcome::kPass);
  make(third_, Outcome::kPass);
  EXPECT_EQ(found(first_), first_);
  EXPECT_EQ(found("20261125"), third_);
  EXPECT_EQ(found("20261124-013855"), first_);
  const std::string several = found("20261124");
  EXPECT_THAT(several, HasSubstr("the beginning of 2 runs: " + second_ + ", " + first_));
  EXPECT_THAT(found("2025"), HasSubstr("there is no run '2025'"));
  EXPECT_THAT(found(""), HasSubstr("there is no run ''"));
}

TEST_F(FindRun, TheLastOneAndTheLastThatFailed) {
  EXPECT_THAT(found("last"), HasSubstr("there is no finished run in"));
  make(first_, Outcome::kFail);
  make(second_, Outcome::kPass);
  EXPECT_EQ(found("last"), second_);
  EXPECT_EQ(found("last-failed"), first_);
  make(third_, Outcome::kFail, first_);
  EXPECT_EQ(found("last"), second_) << "replays do not count";
  EXPECT_EQ(found("last-failed"), first_);
}

TEST_F(FindRun, PassesOverRunsThatAreUnderWayOrDamaged) {
  make(first_, Outcome::kPass);
  fs::create_directories(state_->path() / "runs" / second_);
  ASSERT_TRUE(write_text(make(third_, Outcome::kPass) / "result.json", "{"));
  EXPECT_EQ(found("last"), first_);
}

TEST_F(FindRun, ByPath) {
  const fs::path dir = make(first_, Outcome::kPass);
  EXPECT_EQ(*find_run("/nowhere", dir.string()), dir);
  EXPECT_EQ(*find_run("/nowhere", dir.string() + "/../" + first_), dir);
  EXPECT_THAT(find_run("/nowhere", dir.string() + "x").error().render(), HasSubstr("there is no directory"));
}

}  // namespace
}  // namespace ktstr
