// SPDX-License-Identifier: Apache-2.0
#include "cli/name_filter.h"

#include <gtest/gtest.h>

namespace ktstr::cli {
namespace {

TEST(NameFilter, MatchesTheWholeName) {
  EXPECT_TRUE(NameFilter("two_cgroups").selects("two_cgroups"));
  EXPECT_FALSE(NameFilter("two").selects("two_cgroups"));
  EXPECT_FALSE(NameFilter("cgroups").selects("two_cgroups"));
}

TEST(NameFilter, StarIsAnyTextAndQuestionMarkOneCharacter) {
  EXPECT_TRUE(NameFilter("*").selects("two_cgroups"));
  EXPECT_TRUE(NameFilter("two*").selects("two"));
  EXPECT_TRUE(NameFilter("t?o").selects("two"));
  EXPECT_FALSE(NameFilter("t?").selects("two"));
}

TEST(NameFilter, AnyOfSeveralPatternsIsEnough) {
  const NameFilter filter("one:tw*");
  EXPECT_TRUE(filter.selects("one"));
  EXPECT_TRUE(filter.selects("two"));
  EXPECT_FALSE(filter.selects("three"));
}

TEST(NameFilter, EmptyPatternsSelectNothing) {
  EXPECT_FALSE(NameFilter("").selects("two"));
  EXPECT_FALSE(NameFilter("").selects(""));
  EXPECT_FALSE(NameFilter("::").selects("two"));
  EXPECT_TRUE(NameFilter(":two:").selects("two"));
}

}  // namespace
}  // namespace ktstr::cli
