// SPDX-License-Identifier: Apache-2.0
#include "model/scheduler_checks.h"

#include <gmock/gmock.h>

#include "model/fields.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(MergedChecks, WhatATestSaysWins) {
  const Checks under{.progress = false, .max_gap = 500ms, .max_idle = 10ms, .max_moves = 7};
  const Checks over{.progress = true, .max_gap = 100ms, .max_queue_depth = 0};
  const Checks merged = merged_checks(under, over);
  EXPECT_EQ(merged.progress, true);
  EXPECT_EQ(merged.max_gap, 100ms);
  EXPECT_EQ(merged.max_idle, 10ms);
  EXPECT_EQ(merged.max_moves, 7);
  EXPECT_EQ(merged.max_queue_depth, 0);
  EXPECT_EQ(merged.max_wait, std::nullopt);
}

TEST(MergedChecks, ALimitAndThatItIsOffAreOneField) {
  const Checks off{.gap_off = true, .spread_off = true}, on{.max_gap = 2s, .max_spread_pct = 35};
  EXPECT_EQ(shown_checks(merged_checks(off, on)), shown_checks(on));
  EXPECT_EQ(shown_checks(merged_checks(on, off)), shown_checks(off));
  EXPECT_EQ(shown_checks(merged_checks(off, {})), shown_checks(off));
  EXPECT_EQ(shown_checks(merged_checks({}, off)), shown_checks(off));
  EXPECT_TRUE(merged_checks(off, {}).gap_off);
  EXPECT_FALSE(merged_checks(off, on).spread_off);
}

TEST(MergedChecks, AListIsOneField) {
  const Checks under{.kernel_log_allow = {"a.c", "b.c"}};
  EXPECT_THAT(merged_checks(under, {}).kernel_log_allow, ElementsAre("a.c", "b.c"));
  EXPECT_THAT(merged_checks(under, {.kernel_log_allow = {"c.c"}}).kernel_log_allow, ElementsAre("c.c"));
}

TEST(ShownChecks, AreNamedAsInScenarioFiles) {
  EXPECT_THAT(shown_checks({}), IsEmpty());
  const Checks checks{.progress = false,
                      .max_spread_pct = 12.5,
                      .kernel_log_allow = {"a.c"},
                      .max_idle = 0ms,
                      .max_wait = 1500ms,
                      .max_moves = 3,
                      .gap_off = true};
  EXPECT_THAT(shown_checks(checks), ElementsAre(ShownCheck{"progress", "false"}, ShownCheck{"max_spread_pct", "12.5"},
                                                ShownCheck{"kernel_log_allow", "[\"a.c\"]"},
                                                ShownCheck{"max_idle", "false"}, ShownCheck{"max_wait", "1.5s"},
                                                ShownCheck{"max_moves", "3"}, ShownCheck{"max_gap", "false"}));
}

// A field that merging does not know would be lost without a word.
struct SetAllChecks {
  template <typename T>
  void operator()(std::string_view, std::optional<T>& value) {
    value = T(1);
  }
  void operator()(std::string_view, bool&) {}
  void if_any(std::string_view, std::vector<std::string>& value) { value = {"x"}; }
};

TEST(MergedChecks, TakeEveryField) {
  Checks all;
  SetAllChecks set;
  fields(set, all);
  EXPECT_EQ(shown_checks(merged_checks({}, all)), shown_checks(all));
  EXPECT_EQ(shown_checks(merged_checks(all, {})), shown_checks(all));
  EXPECT_GE(shown_checks(all).size(), 19U);
}

}  // namespace
}  // namespace ktstr
