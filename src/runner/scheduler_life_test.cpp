// SPDX-License-Identifier: Apache-2.0
#include "runner/scheduler_life.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

using Kind = SchedulerRecord::Kind;

SchedulerRecord of(std::uint32_t life, Kind kind, std::string exit = "") {
  return {.kind = kind, .exit = std::move(exit), .life = life};
}

TEST(SchedulerLives, HoldOneSchedulerAfterTheOther) {
  SchedulerLives lives;
  for (const Kind kind : {Kind::kStarted, Kind::kAttached}) ASSERT_TRUE(lives.add(of(1, kind), 10, false));
  ASSERT_TRUE(lives.add(of(1, Kind::kExited, "killed by signal 9"), 20, false));
  ASSERT_TRUE(lives.add(of(2, Kind::kStarted), 30, false));
  ASSERT_TRUE(lives.add(of(2, Kind::kAttached), 40, false));
  ASSERT_EQ(lives.size(), 2u);
  EXPECT_EQ(lives[0].exited->exit, "killed by signal 9");
  EXPECT_EQ(lives[0].exited_ns, 20u);
  EXPECT_TRUE(lives.last().attached);
  EXPECT_FALSE(lives.last().exited);
}

TEST(SchedulerLives, LeaveOutTheEndThatTheTeardownAskedFor) {
  SchedulerLives lives;
  ASSERT_TRUE(lives.add(of(1, Kind::kStarted), 10, false));
  ASSERT_TRUE(lives.add(of(1, Kind::kExited, "exited with status 0"), 20, true));
  EXPECT_FALSE(lives.last().exited);
  EXPECT_EQ(lives.last().exited_ns, 0u);
}

TEST(SchedulerLives, StartOncePerLifeAlsoWhenAnotherProcessTookOver) {
  SchedulerLives lives;
  ASSERT_TRUE(lives.add(of(1, Kind::kStarted), 10, false));
  ASSERT_TRUE(lives.add(of(1, Kind::kStarted), 20, false));
  EXPECT_EQ(lives.size(), 1u);
}

TEST(SchedulerLives, RefuseANumberThatIsBeyondTheNext) {
  SchedulerLives lives;
  EXPECT_EQ(lives.add(of(0, Kind::kStarted), 10, false).error().code(), ErrorCode::kCorruptData);
  EXPECT_EQ(lives.add(of(2, Kind::kStarted), 10, false).error().code(), ErrorCode::kCorruptData);
  ASSERT_TRUE(lives.add(of(1, Kind::kStarted), 10, false));
  ASSERT_TRUE(lives.add(of(2, Kind::kStarted), 10, false));
  ASSERT_TRUE(lives.add(of(1, Kind::kChecked), 10, false)) << "it may stand beside one that was not attached";
  for (std::uint32_t life = 3; life <= SchedulerLives::kMost; ++life)
    ASSERT_TRUE(lives.add(of(life, Kind::kStarted), 10, false));
  EXPECT_FALSE(lives.add(of(SchedulerLives::kMost + 1, Kind::kStarted), 10, false));
}

TEST(SchedulerLives, TellAnEndThatAnOpAskedForFromOneByItself) {
  SchedulerLives lives;
  ASSERT_TRUE(lives.add(of(1, Kind::kStarted), 10, false));
  ASSERT_TRUE(lives.add(of(1, Kind::kAsked), 20, false));
  ASSERT_TRUE(lives.add(of(1, Kind::kExited, "exited with status 0"), 30, false));
  EXPECT_TRUE(lives[0].asked);
  EXPECT_EQ(lives[0].asked_ns, 20u);
  EXPECT_TRUE(lives[0].checked) << "how it stood";
  EXPECT_FALSE(lives[0].exited);
  EXPECT_EQ(lives[0].ended->exit, "exited with status 0");
}

TEST(SchedulerLives, DoNotTakeOurKillOfOneThatDidNotAttachForItsOwnEnd) {
  SchedulerLives lives;
  ASSERT_TRUE(lives.add(of(1, Kind::kStarted), 10, false));
  ASSERT_TRUE(lives.add(of(1, Kind::kNotAttached, "its programs did nothing"), 20, false));
  ASSERT_TRUE(lives.add(of(1, Kind::kExited, "killed by signal 9"), 30, false));
  EXPECT_FALSE(lives[0].exited);
  EXPECT_EQ(lives[0].ended->exit, "killed by signal 9");
}

TEST(SchedulerLives, HaveTheirPartsOfTheLogs) {
  SchedulerLives lives;
  ASSERT_TRUE(lives.add(of(1, Kind::kStarted), 10, false, {1, 2}));
  ASSERT_TRUE(lives.add(of(1, Kind::kAsked), 20, false, {3, 4}));
  ASSERT_TRUE(lives.add(of(2, Kind::kStarted), 30, false, {5, 6}));
  ASSERT_TRUE(lives.add(of(2, Kind::kNotAttached), 40, false, {7, 8}));
  EXPECT_EQ(lives[0].output.from, 0u) << "what comes before the first is its own, too";
  EXPECT_EQ(lives[0].output.to, 5u);
  EXPECT_EQ(lives[0].kernel_log.to, 6u);
  EXPECT_EQ(lives[1].output.from, 5u);
  EXPECT_EQ(lives[1].kernel_log.to, 8u);
}

TEST(SchedulerLives, KnowNothingOfASchedulerThatNeverWas) {
  const SchedulerLives lives;
  EXPECT_EQ(lives.size(), 0u);
  EXPECT_FALSE(lives.last().attached);
}

}  // namespace
}  // namespace ktstr
