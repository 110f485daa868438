// SPDX-License-Identifier: Apache-2.0
#include "guest/late_cpus.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace ktstr::guest {
namespace {

class LateCpus : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = TempDir::create("/tmp", "late-cpus");
    ASSERT_TRUE(made) << made.error().message();
    sysfs_.emplace(*std::move(made));
    cpus_ = sysfs_->path() / "devices/system/cpu";
    fs::create_directories(cpus_);
  }
  void write(const fs::path& name, const std::string& text) {
    fs::create_directories((cpus_ / name).parent_path());
    ASSERT_TRUE(write_text(cpus_ / name, text));
  }
  std::string state(int cpu) const {
    const auto text = read_text(cpus_ / fmt::format("cpu{}/online", cpu));
    return text ? *text : "?";
  }

  std::optional<TempDir> sysfs_;
  fs::path cpus_;
};

TEST_F(LateCpus, AreThoseThatAreNotOnline) {
  write("present", "0-3\n");
  write("online", "0,2\n");
  for (int cpu = 1; cpu < 4; ++cpu) write(fmt::format("cpu{}/online", cpu), cpu == 2 ? "as it was" : "0\n");
  int signs_of_life = 0;
  const Status done = switch_late_cpus_on(sysfs_->path(), [&] { ++signs_of_life; });
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(state(1), "1");
  EXPECT_EQ(state(2), "as it was");
  EXPECT_EQ(state(3), "1");
  EXPECT_EQ(signs_of_life, 2);
}

TEST_F(LateCpus, OneThatDoesNotComeIsNamed) {
  write("present", "0-1\n");
  write("online", "0\n");
  const Status done = switch_late_cpus_on(sysfs_->path(), [] {});
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message().find("CPU 1 cannot be switched on"), std::string::npos) << done.error().message();
}

}  // namespace
}  // namespace ktstr::guest
