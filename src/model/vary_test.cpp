// SPDX-License-Identifier: Apache-2.0
#include "ktstr/vary.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

TEST(VarySet, ReadsWhatItWrites) {
  for (const char* text : {"all", "none", "handover", "handover,offsets", "random,phases,pauses,placement,cpu"}) {
    const auto set = VarySet::parse(text);
    ASSERT_TRUE(set) << text;
    EXPECT_EQ(set->to_string(), text);
  }
}

TEST(VarySet, RefusesOtherWordsAndNamesThem) {
  for (const char* text : {"", "handover,", "hand", "all,none", "handover, cpu"}) {
    const auto set = VarySet::parse(text);
    ASSERT_FALSE(set) << text;
    EXPECT_THAT(set.error().message(), testing::HasSubstr("accepted: handover, random"));
  }
}

TEST(SeedFor, DiffersByFactorAndBySeedOnlyWhereItVaries) {
  const VarySet only = VarySet::none().with(Vary::kHandover);
  EXPECT_NE(seed_for(Vary::kHandover, only, 1), seed_for(Vary::kHandover, only, 2));
  EXPECT_EQ(seed_for(Vary::kPhases, only, 1), seed_for(Vary::kPhases, only, 2));
  EXPECT_NE(seed_for(Vary::kPhases, only, 1), seed_for(Vary::kOffsets, only, 1));
  EXPECT_EQ(seed_for(Vary::kHandover, only, 7), seed_for(Vary::kHandover, VarySet::all(), 7));
}

}  // namespace
}  // namespace ktstr
