// SPDX-License-Identifier: Apache-2.0
#include "guest/processes/stranded.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include "base/file.h"

namespace ktstr::guest {
namespace {

using namespace std::chrono_literals;

class Stranded : public testing::Test {
 protected:
  void process_is(char state, int ran) {
    const fs::path task = proc_.path() / "7/task/7";
    fs::create_directories(task);
    for (const fs::path& directory : {proc_.path() / "7", task}) {
      EXPECT_TRUE(write_text(directory / "stat", std::string("7 (init) ") + state + " 1 7"));
      EXPECT_TRUE(write_text(directory / "schedstat", std::to_string(ran) + " 0 1"));
    }
  }
  TempDir proc_ = *TempDir::create(fs::temp_directory_path(), "ktstr-stranded");
  StrandedWatch watch_{proc_.path(), 7};
};

TEST_F(Stranded, IsOneThatWaitsForACpuAndDoesNotRun) {
  process_is('R', 100);
  EXPECT_FALSE(watch_.is_stranded_at(1s));
  EXPECT_FALSE(watch_.is_stranded_at(1900ms));
  EXPECT_TRUE(watch_.is_stranded_at(2s));
}

TEST_F(Stranded, IsNoneThatRunsOrSleeps) {
  process_is('R', 100);
  EXPECT_FALSE(watch_.is_stranded_at(1s));
  process_is('R', 101);
  EXPECT_FALSE(watch_.is_stranded_at(2s));
  process_is('S', 101);
  EXPECT_FALSE(watch_.is_stranded_at(3s));
  process_is('R', 101);
  EXPECT_FALSE(watch_.is_stranded_at(4s));
  EXPECT_TRUE(watch_.is_stranded_at(5s));
}

TEST_F(Stranded, IsNoneThatIsGone) {
  EXPECT_FALSE(watch_.is_stranded_at(1s));
  EXPECT_FALSE(watch_.is_stranded_at(2s));
}

TEST_F(Stranded, IsNotLookedAtBeforeItIsTime) {
  StrandedWatch watch(proc_.path(), 7, 1s);
  process_is('R', 100);
  EXPECT_FALSE(watch.is_stranded_at(0s));
  EXPECT_FALSE(watch.is_stranded_at(1s));
  EXPECT_TRUE(watch.is_stranded_at(2s));
}

TEST(MoveHere, LeavesAProcessTheCpusThatItMayUse) {
  cpu_set_t before, after;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  move_here("/proc", ::getpid());
  ASSERT_EQ(::sched_getaffinity(0, sizeof after, &after), 0);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

}  // namespace
}  // namespace ktstr::guest
