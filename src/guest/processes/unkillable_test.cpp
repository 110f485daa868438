// SPDX-License-Identifier: Apache-2.0
#include "guest/processes/unkillable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace ktstr::guest {
namespace {

using ::testing::ElementsAre;

class Unkillable : public testing::Test {
 protected:
  void thread(int pid, int tid, const std::string& name, const std::string& state, const std::string& pending,
              const std::string& memory = "VmSize:\t  1024 kB\n") {
    const fs::path path = root_.path() / std::to_string(pid) / "task" / std::to_string(tid);
    fs::create_directories(path);
    ASSERT_TRUE(write_text(path / "status", "Name:\t" + name + "\nState:\t" + state + "\nPPid:\t1\n" + memory +
                                                "SigPnd:\t" + pending + "\nShdPnd:\t0000000000000000\n"));
    // 3 is the CPU.
    ASSERT_TRUE(write_text(path / "stat",
                           "61 (a ) b) R 1 61 61 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0 0 0 0 0 0 0 "
                           "0 0 0 0 0 0 0 17 3 0 0\n"));
    ASSERT_TRUE(write_text(path / "stack", "[<0>] msleep+0x2d/0x40\n[<0>] do_one_initcall+0x1/0x2\n"));
  }
  static std::vector<std::string> texts(const std::vector<UnkillableThread>& threads) {
    std::vector<std::string> all;
    for (const UnkillableThread& thread : threads) all.push_back(thread.text);
    return all;
  }
  TempDir root_ = *TempDir::create(fs::temp_directory_path(), "ktstr-unkillable-test");
};

TEST_F(Unkillable, AreThreadsWithAPendingKillThatAreStillThere) {
  thread(61, 61, "insmod", "D (disk sleep)", "0000000000000100");
  thread(62, 63, "spin", "R (running)", "0000000000000100");
  thread(70, 70, "healthy", "S (sleeping)", "0000000000000000");
  thread(71, 71, "dead", "Z (zombie)", "0000000000000100");
  thread(72, 72, "kworker", "I (idle)", "0000000000000100", "");
  EXPECT_THAT(texts(unkillable_threads(root_.path())),
              ElementsAre("insmod[61] (state D in msleep+0x2d/0x40)", "spin[63] (state R on CPU 3)"));
}

TEST(UnkillableWatch, CountsOnlyAThreadThatStays) {
  using std::chrono::seconds;
  UnkillableWatch watch;
  EXPECT_EQ(watch.stays_at({{61, ""}}, seconds(10)), seconds(0));
  EXPECT_EQ(watch.stays_at({{61, ""}, {62, ""}}, seconds(12)), seconds(2));
  EXPECT_EQ(watch.stays_at({{62, ""}}, seconds(13)), seconds(1));
  EXPECT_EQ(watch.stays_at({{63, ""}}, seconds(20)), seconds(0));
  EXPECT_EQ(watch.stays_at({}, seconds(21)), seconds(0));
}

TEST_F(Unkillable, AreNoneInAnEmptyProc) { EXPECT_TRUE(unkillable_threads(root_.path()).empty()); }

}  // namespace
}  // namespace ktstr::guest
