// SPDX-License-Identifier: Apache-2.0
#include "engine/watch/run_delay.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <thread>

#include "base/clock.h"
#include "base/file.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;

class RunDelayTest : public testing::Test {
 protected:
  void SetUp() override {
    auto directory = TempDir::create(fs::temp_directory_path(), "run_delay_test");
    ASSERT_TRUE(directory);
    proc_.emplace(std::move(*directory));
  }
  void thread(int tid, std::string_view schedstat) const {
    const fs::path task = proc_->path() / "7" / "task" / std::to_string(tid);
    fs::create_directories(task);
    ASSERT_TRUE(write_text(task / "schedstat", schedstat));
  }
  std::optional<TempDir> proc_;
};

TEST_F(RunDelayTest, IsThatOfTheThreadThatRanMost) {
  thread(7, "1000 900000 12\n");
  thread(8, "5000 4000 3\n");
  thread(9, "300 20 1\n");
  EXPECT_EQ(run_delay(7, proc_->path()), 4000ns);
}

TEST_F(RunDelayTest, IsNothingWhereNobodySays) {
  EXPECT_EQ(run_delay(7, proc_->path()), 0ns);
  thread(7, "not what it should be\n");
  EXPECT_EQ(run_delay(7, proc_->path()), 0ns);
}

// Two threads on one CPU: each waits while the other runs.
TEST(RunDelay, GrowsWhileAThreadHasToWait) {
  cpu_set_t before, one;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  CPU_ZERO(&one);
  CPU_SET(::sched_getcpu(), &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  auto burn = [] {
    for (const Nanoseconds end = monotonic_now() + 300ms; monotonic_now() < end;) {
    }
  };
  std::thread other(burn);
  burn();
  other.join();
  ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);
  EXPECT_GT(run_delay(::getpid()), 50ms);
}

TEST(RunDelay, IsReadOnceASecond) {
  RunDelay delay(::getpid());
  const auto first = delay.at(10s);
  EXPECT_EQ(delay.at(10s + 999ms), first);
  EXPECT_GE(delay.at(11s), first);
}

}  // namespace
}  // namespace ktstr
