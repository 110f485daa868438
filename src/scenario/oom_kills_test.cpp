// SPDX-License-Identifier: Apache-2.0
#include "scenario/oom_kills.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "scenario/executor_hooks.h"

namespace ktstr {
namespace {

TEST(OomKill, IsReadFromTheKernelsLog) {
  const auto kill = oom_kill_in(
      "Out of memory: Killed process 131 (stress-ng (vm)) total-vm:301208kB, anon-rss:196608kB, "
      "file-rss:1536kB, shmem-rss:0kB, UID:0 pgtables:460kB oom_score_adj:0");
  ASSERT_TRUE(kill);
  EXPECT_EQ(kill->pid, 131);
  EXPECT_EQ(kill->comm, "stress-ng (vm)");
  EXPECT_EQ(kill->by(), "by the kernel's OOM killer");
}

TEST(OomKill, IsToldFromOneInACgroup) {
  const auto kill =
      oom_kill_in("Memory cgroup out of memory: Killed process 7 (sh) total-vm:1kB, anon-rss:1kB, file-rss:1kB");
  ASSERT_TRUE(kill);
  EXPECT_TRUE(kill->of_cgroup);
  EXPECT_EQ(kill->by(), "by the OOM killer of its cgroup");
}

TEST(OomKill, IsNotSeenInOtherLines) {
  for (const char* line :
       {"", "oom_reaper: reaped process 131 (stress-ng), now anon-rss:0kB", "x: Killed process (sh) total",
        "x: Killed process -4 (sh) total", "x: Killed process 99999999999 (sh) total", "x: Killed process 12",
        "x: Killed process 12 (sh"})
    EXPECT_FALSE(oom_kill_in(line)) << line;
}

TEST(OomLog, BelievesTheKernelAndNoProgram) {
  const TempDir dir = *TempDir::create(fs::temp_directory_path(), "ktstr-oom-log");
  const std::string path = (dir.path() / "kmsg").string();
  ASSERT_TRUE(write_text(path, ""));
  OomLog log = OomLog::open(path.c_str());
  // One record a read, as of /dev/kmsg. 12 is LOG_USER with LOG_WARNING, what a program's line has.
  std::ofstream(path, std::ios::app) << "12,1,1,-;Out of memory: Killed process 131 (sh) total-vm:1kB\n";
  EXPECT_TRUE(log.look().empty());
  std::ofstream(path, std::ios::app) << "3,2,1,-;Out of memory: Killed process 132 (sh) total-vm:1kB\n";
  ASSERT_EQ(log.look().size(), 1u);
  EXPECT_EQ(log.look()[0].pid, 132);
  EXPECT_FALSE(log.look()[0].of_cgroup);
}

TEST(OomKills, KnowWhomTheyHitAndSinceWhen) {
  std::vector<OomKill> kills{{7, "a", false}};
  ExecutorHooks hooks;
  hooks.oom_kills = [&]() -> const std::vector<OomKill>& { return kills; };
  OomKills seen(hooks);
  seen.know({7, 8});
  const std::size_t since = seen.count();
  EXPECT_FALSE(seen.of(7, since)) << "that was another process of this pid";
  kills.push_back({8, "b", false});
  EXPECT_EQ(seen.of(8, since)->comm, "b");
  EXPECT_FALSE(seen.of_others(since));
  kills.push_back({9, "c", false});
  EXPECT_EQ(seen.of_others(since)->pid, 9);
}

TEST(OomKills, AreNoneWhereTheLogCannotBeRead) {
  const ExecutorHooks hooks;
  EXPECT_FALSE(OomKills(hooks).of(1));
  EXPECT_TRUE(OomLog::open("/nonexistent/kmsg").look().empty());
}

}  // namespace
}  // namespace ktstr
