// SPDX-License-Identifier: Apache-2.0
#include "base/system/task_seen.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace ktstr {
namespace {

class TaskSeenTest : public testing::Test {
 protected:
  void task(int pid, std::string_view stat, std::string_view wchan = "0") {
    const fs::path directory = proc_.path() / std::to_string(pid);
    fs::create_directories(directory);
    ASSERT_TRUE(write_text(directory / "stat", stat));
    ASSERT_TRUE(write_text(directory / "wchan", wchan));
  }
  const TempDir proc_ = *TempDir::create(testing::TempDir(), "proc");
};

TEST_F(TaskSeenTest, SaysWhoItIsAndWhatItDoes) {
  task(61, "61 (cg_0/1) R 1 61");
  task(62, "62 (a) b (c) D 1 62", "do_exit");
  EXPECT_EQ(look_at_task(proc_.path(), 61).describe(), "61 (cg_0/1, state R)");
  EXPECT_EQ(look_at_task(proc_.path(), 62).describe(), "62 (a) b (c, state D in do_exit)");
}

TEST_F(TaskSeenTest, SaysThatATaskIsGone) {
  EXPECT_EQ(look_at_task(proc_.path(), 7).describe(), "7 (gone)");
  task(8, "8 (x");
  EXPECT_EQ(look_at_task(proc_.path(), 8).describe(), "8 (gone)");
}

TEST_F(TaskSeenTest, ListsAFewAndCountsTheRest) {
  for (const int pid : {1, 2, 3}) task(pid, "1 (x) S 0");
  EXPECT_EQ(describe_tasks(proc_.path(), {1, 2, 3}, 3), "1 (x, state S), 2 (x, state S), 3 (x, state S)");
  EXPECT_EQ(describe_tasks(proc_.path(), {1, 2, 3}, 1), "1 (x, state S) and 2 more");
  EXPECT_EQ(describe_tasks(proc_.path(), {}), "");
}

TEST(ListProcesses, FindsOurselvesAndSaysWhatCannotBeListed) {
  const auto pids = list_processes("/proc");
  ASSERT_TRUE(pids);
  EXPECT_NE(std::find(pids->begin(), pids->end(), ::getpid()), pids->end());
  EXPECT_EQ(list_processes("/nowhere").error().saved_errno(), ENOENT);
}

}  // namespace
}  // namespace ktstr
