// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <gtest/gtest.h>

namespace ktstr::cli {
namespace {

using namespace std::chrono_literals;

TEST(ProgressText, SaysHowFarItIs) {
  EXPECT_EQ(progress_text({.total = 40, .running = 2, .jobs = 2}), "0 of 40 done, 2 running");
  EXPECT_EQ(progress_text({.total = 40, .done = 12, .failed = 1, .running = 2, .jobs = 2, .busy = 120s}),
            "12 of 40 done, 2 running, 1 failed, about 3 min left");
  EXPECT_EQ(progress_text({.total = 40, .done = 39, .running = 1, .jobs = 1, .busy = 39s}),
            "39 of 40 done, 1 running, about 2 s left");
  EXPECT_EQ(progress_text({.total = 100000, .done = 1, .running = 1, .jobs = 1, .busy = 1s}),
            "1 of 100000 done, 1 running, about 28 h left");
  EXPECT_EQ(progress_text({.total = 2, .done = 2, .jobs = 1, .busy = 1s}), "2 of 2 done, 0 running");
}

ActivitySeen seen(std::uint64_t id, std::string text, std::chrono::nanoseconds since,
                  Activity::Kind kind = Activity::Kind::kWaiting) {
  return {.id = id, .kind = kind, .text = std::move(text), .since = since};
}

PoolState pool(std::uint64_t done, std::chrono::nanoseconds busy = 0s) {
  return {.total = 9, .done = done, .running = 1, .busy = busy};
}

constexpr auto kT = 1000s;  // the clock does not begin at 0

TEST(ProgressTexts, WhatEndsWithinThreeSecondsIsNotSaid) {
  ProgressTexts texts(false);
  EXPECT_EQ(texts.plain_line({}, kT), std::nullopt);
  EXPECT_EQ(texts.plain_line({seen(1, "building", kT)}, kT + 2s), std::nullopt);
  EXPECT_EQ(texts.status_line({seen(1, "building", kT)}, kT + 500ms), "");
  EXPECT_EQ(texts.status_line({seen(1, "building", kT)}, kT + 2s), "building") << "a terminal forgets it";
}

TEST(ProgressTexts, WhatTakesLongerIsSaidAfterThreeSecondsAndThenEveryTen) {
  ProgressTexts texts(false);
  EXPECT_EQ(texts.plain_line({seen(1, "building", kT)}, kT + 1s), std::nullopt);
  EXPECT_EQ(texts.plain_line({seen(1, "building, guest at 3 s", kT)}, kT + 3s), std::nullopt)
      << "within 3 s of the program's start";
  EXPECT_EQ(texts.plain_line({seen(1, "building, guest at 4 s", kT)}, kT + 4s), "building, guest at 4 s");
  EXPECT_EQ(texts.plain_line({seen(1, "building, guest at 9 s", kT)}, kT + 9s), std::nullopt);
  EXPECT_EQ(texts.plain_line({seen(1, "building, guest at 14 s", kT)}, kT + 14s), "building, guest at 14 s");
}

TEST(ProgressTexts, AnotherLongActivityHasItsOwnLine) {
  ProgressTexts texts(true);
  EXPECT_EQ(texts.plain_line({seen(1, "building", kT)}, kT + 3s), "building");
  EXPECT_EQ(texts.plain_line({seen(2, "running", kT + 4s, Activity::Kind::kRunning)}, kT + 5s), std::nullopt);
  EXPECT_EQ(texts.plain_line({seen(2, "running", kT + 4s, Activity::Kind::kRunning)}, kT + 7s), "running");
}

TEST(ProgressTexts, OfAPoolItIsHowFarItIsEveryTenSecondsAndWhatIsWaitedFor) {
  ProgressTexts texts(false);
  const auto running = seen(1, "running x", kT, Activity::Kind::kRunning);
  texts.set_pool(pool(1, 2s));
  EXPECT_EQ(texts.plain_line({running}, kT), std::nullopt);
  texts.set_pool(pool(4, 12s));
  EXPECT_EQ(texts.plain_line({running}, kT + 9s), std::nullopt);
  EXPECT_EQ(texts.plain_line({running}, kT + 10s), "4 of 9 done, 1 running, about 16 s left");
  EXPECT_EQ(texts.plain_line({running}, kT + 20s), std::nullopt) << "nothing is new";
  EXPECT_EQ(texts.plain_line({running, seen(2, "waiting", kT + 15s)}, kT + 20s),
            "4 of 9 done, 1 running, about 16 s left; waiting");
}

TEST(ProgressTexts, OfAPoolWhoseReaderIsAProgramOnlyWhatIsWaitedForIsSaid) {
  ProgressTexts texts(true);
  texts.set_pool(pool(1));
  EXPECT_EQ(texts.plain_line({}, kT), std::nullopt);
  texts.set_pool(pool(4));
  EXPECT_EQ(texts.plain_line({}, kT + 60s), std::nullopt);
  EXPECT_NE(texts.plain_line({seen(2, "waiting", kT + 60s)}, kT + 64s), std::nullopt);
}

TEST(ProgressTexts, OnATerminalBothAreInOneLine) {
  ProgressTexts texts(false);
  texts.set_pool(PoolState{.total = 2, .running = 2});
  EXPECT_EQ(texts.status_line({}, kT), "0 of 2 done, 2 running");
  EXPECT_EQ(texts.status_line({seen(1, "building", kT)}, kT + 3s), "0 of 2 done, 2 running; building");
  texts.set_pool(PoolState{.total = 1, .running = 1});
  EXPECT_EQ(texts.status_line({}, kT), "");
  EXPECT_EQ(texts.status_line({seen(1, "building", kT)}, kT + 3s), "building");
}

TEST(Progress, OnATerminalIsOneLineThatIsGoneInTheEnd) {
  testing::internal::CaptureStderr();
  {
    Progress progress(Progress::Kind::kTerminal, false);
    progress.show(PoolState{.total = 2, .running = 2});
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "\r\x1b[K0 of 2 done, 2 running\r\x1b[K");
}

}  // namespace
}  // namespace ktstr::cli
