// SPDX-License-Identifier: Apache-2.0
#include "ktstr/turn_policy.h"

#include <gmock/gmock.h>

#include <map>

#include "model/names.h"

namespace ktstr {
namespace {

TEST(TurnPolicy, IsReadBackAsWritten) {
  for (const auto& [policy, text] : names_of(TurnPolicy{})) {
    EXPECT_EQ(to_string(policy), text);
    const auto read = turn_policy_from(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(*read, policy);
  }
  const auto wrong = turn_policy_from("fifo");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message(),
            "'fifo' is no policy of turns; accepted: even, uniform, bursts, victim, pct, pos, mix");
}

TEST(TurnPolicy, IsChosenByTheSeedWhereItIsAMix) {
  std::map<TurnPolicy, int> chosen;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const TurnPolicy policy = chosen_policy(TurnPolicy::kMix, seed);
    EXPECT_EQ(policy, chosen_policy(TurnPolicy::kMix, seed));
    ++chosen[policy];
  }
  EXPECT_EQ(chosen.size(), 5u);
  EXPECT_FALSE(chosen.contains(TurnPolicy::kEven));
  EXPECT_FALSE(chosen.contains(TurnPolicy::kMix));
  for (const auto& [policy, times] : chosen) EXPECT_GT(times, 150) << to_string(policy);
  EXPECT_EQ(chosen_policy(TurnPolicy::kPct, 7), TurnPolicy::kPct);
}

}  // namespace
}  // namespace ktstr
