// SPDX-License-Identifier: Apache-2.0
#include "guest/processes/idle_programs.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace ktstr::guest {
namespace {

using std::chrono::seconds;

class IdleProgramsTest : public testing::Test {
 protected:
  void process(int pid, int user, int system, int size = 4096) {
    const fs::path path = root_.path() / std::to_string(pid);
    fs::create_directories(path);
    ASSERT_TRUE(write_text(
        path / "stat",
        fmt::format("{} (a ) b) S 1 1 1 0 -1 4194304 0 0 0 0 {} {} 0 0 20 0 1 0 1 {} 0\n", pid, user, system, size)));
  }
  TempDir root_ = *TempDir::create(fs::temp_directory_path(), "ktstr-idle-test");
};

TEST_F(IdleProgramsTest, CountsTicksOfProgramsOnly) {
  process(1, 100, 100);
  process(50, 3, 4);
  process(60, 10, 20, 0);  // a kernel thread
  EXPECT_EQ(program_ticks(root_.path(), {1}), 7u);
  EXPECT_EQ(program_ticks("/nonexistent", {}), 0u);
}

TEST_F(IdleProgramsTest, AreIdleWhileTheirTicksStayTheSame) {
  process(50, 3, 4);
  IdlePrograms programs(root_.path(), {});
  EXPECT_EQ(programs.idle_at(seconds(100)), seconds(0));
  EXPECT_EQ(programs.idle_at(seconds(105)), seconds(5));
  process(50, 3, 5);
  EXPECT_EQ(programs.idle_at(seconds(106)), seconds(0));
  EXPECT_EQ(programs.idle_at(seconds(120)), seconds(14));
}

}  // namespace
}  // namespace ktstr::guest
