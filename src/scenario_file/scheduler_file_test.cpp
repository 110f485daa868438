// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/scheduler_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

namespace ktstr {
namespace {

class SchedulerFile : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "scheduler_file_test");
    ASSERT_TRUE(dir.has_value()) << dir.error().render();
    dir_.emplace(*std::move(dir));
    fs::create_directories(tree() / "tests" / "deep");
  }
  fs::path tree() const { return dir_->path() / "tree"; }
  static fs::path write_definition(const fs::path& file) {
    EXPECT_TRUE(write_text(file, "[schedulers.mine]\nprogram = './scx'\n").has_value());
    return file;
  }
  std::optional<TempDir> dir_;
};

TEST_F(SchedulerFile, IsFoundUpwardsTheNearestFirst) {
  EXPECT_EQ(find_scheduler_file(tree()), std::nullopt);
  const fs::path top = write_definition(tree() / "ktstr.toml");
  EXPECT_EQ(find_scheduler_file(tree() / "tests" / "deep"), top);
  const fs::path near = write_definition(tree() / "tests" / "ktstr.toml");
  EXPECT_EQ(find_scheduler_file(tree() / "tests" / "deep"), near);
  EXPECT_EQ(find_scheduler_file(tree()), top);
  const auto loaded = load_scheduler_file(near);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().render();
  EXPECT_EQ(loaded->at(0).file, near.string());
}

TEST_F(SchedulerFile, SomebodyElsesInADirectoryForAllIsPassedOver) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const fs::path file = write_definition(tree() / "tests" / "ktstr.toml");
  ASSERT_EQ(::chmod((tree() / "tests").c_str(), 01777), 0);
  EXPECT_EQ(find_scheduler_file(tree() / "tests"), file);
  ASSERT_EQ(::chown(file.c_str(), 65534, 65534), 0);
  EXPECT_EQ(find_scheduler_file(tree() / "tests"), std::nullopt);
  // In a tree of their own it is theirs to say.
  ASSERT_EQ(::chmod((tree() / "tests").c_str(), 0755), 0);
  EXPECT_EQ(find_scheduler_file(tree() / "tests"), file);
}

TEST_F(SchedulerFile, OneThatIsNotThereIsTheUsers) {
  const auto loaded = load_scheduler_file(tree() / "none.toml");
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace ktstr
