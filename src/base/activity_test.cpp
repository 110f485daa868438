// SPDX-License-Identifier: Apache-2.0
#include "base/activity.h"

#include <gtest/gtest.h>

#include <thread>

namespace ktstr {
namespace {

TEST(Activities, TheInnermostIsWhatAThreadDoesAndTheOuterOneComesBack) {
  EXPECT_TRUE(activities().empty());
  const Activity running("running x", Activity::Kind::kRunning);
  const auto outer = activities();
  ASSERT_EQ(outer.size(), 1U);
  {
    const Activity building("building");
    say_activity("guest at 1 s");
    const auto inner = activities();
    ASSERT_EQ(inner.size(), 1U);
    EXPECT_EQ(inner[0].text, "building, guest at 1 s");
    EXPECT_EQ(inner[0].kind, Activity::Kind::kWaiting);
    EXPECT_NE(inner[0].id, outer[0].id);
  }
  say_activity("guest at 2 s");
  const auto again = activities();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].text, "running x, guest at 2 s");
  EXPECT_EQ(again[0].id, outer[0].id);
  // It goes on from here: the time of the inner one is not its own.
  EXPECT_GE(again[0].since, outer[0].since);
}

TEST(Activities, EachThreadHasItsOwn) {
  const Activity here("here");
  std::thread([] {
    say_activity("of nothing");
    EXPECT_EQ(activities().size(), 1U);
    const Activity there("there");
    ASSERT_EQ(activities().size(), 2U);
    EXPECT_EQ(activities()[0].text, "here");
  }).join();
  EXPECT_EQ(activities().size(), 1U);
}

}  // namespace
}  // namespace ktstr
