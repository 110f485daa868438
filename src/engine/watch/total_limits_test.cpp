// SPDX-License-Identifier: Apache-2.0
#include "engine/watch/total_limits.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

constexpr std::uint64_t kOneSecond = 1'000'000'000;

class TotalLimitsTest : public testing::Test {
 protected:
  static PhaseLimits limits() {
    using std::chrono::seconds;
    return {.attach = seconds(10), .dispatch = seconds(5), .body = seconds(10), .teardown = seconds(5)};
  }
  auto look(Phase phase, double guest, double host) {
    sample_.agent_version = mailbox::kVersion;
    sample_.phase = static_cast<std::uint32_t>(phase);
    sample_.heartbeat_ns = static_cast<std::uint64_t>(guest * kOneSecond);
    ++sample_.heartbeats;
    return total_.observe(sample_, host);
  }
  GuestSample sample_;
  TotalLimits total_{limits(), 2, 1.0};
};

TEST_F(TotalLimitsTest, SayNothingOfAGuestThatGoesThroughItsPhases) {
  EXPECT_FALSE(total_.observe(sample_, 1));  // no agent yet
  double guest = 100;                        // a warm image's
  for (const Phase phase :
       {Phase::kBoot, Phase::kAttach, Phase::kDispatch, Phase::kBody, Phase::kTeardown, Phase::kDone}) {
    guest += 7;
    EXPECT_FALSE(look(phase, guest, guest)) << to_string(phase);
  }
}

TEST_F(TotalLimitsTest, EndAGuestWhosePhaseGoesBack) {
  EXPECT_FALSE(look(Phase::kBody, 10, 1));
  const auto finding = look(Phase::kAttach, 11, 2);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->end, GuestEnd::kCorrupt);
  EXPECT_NE(finding->message.find("from phase body back to attach"), std::string::npos);
}

TEST_F(TotalLimitsTest, EndAGuestWhoseClockGoesBack) {
  EXPECT_FALSE(look(Phase::kBody, 10, 1));
  EXPECT_EQ(look(Phase::kBody, 9, 2)->end, GuestEnd::kCorrupt);
}

TEST_F(TotalLimitsTest, EndAGuestThatTakesLongerThanAllItsPhasesMayWhateverItSaysOfThePhase) {
  EXPECT_FALSE(look(Phase::kAttach, 10, 1));
  for (double guest = 11; guest < 70; guest += 0.5) {
    sample_.phase_since_ns = static_cast<std::uint64_t>(guest * kOneSecond);  // always young
    EXPECT_FALSE(look(Phase::kBody, guest, 2)) << guest;
  }
  EXPECT_EQ(look(Phase::kBody, 70.5, 3)->end, GuestEnd::kPhaseTimeout);
}

TEST_F(TotalLimitsTest, EndAGuestThatBeatsWithoutLettingItsClockGo) {
  for (double host = 0; host <= 60; host += 1) ASSERT_FALSE(look(Phase::kBody, 10, host)) << host;
  const auto finding = look(Phase::kBody, 10, 61);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->end, GuestEnd::kHang);
}

TEST_F(TotalLimitsTest, EndAGuestWhoseClockCrawls) {
  const double most = 248 + 20 * 60;
  double host = 0;
  for (; host <= most; host += 1) ASSERT_FALSE(look(Phase::kBody, 10 + host * 1e-3, host)) << host;
  const auto finding = look(Phase::kBody, 10 + host * 1e-3, host);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->end, GuestEnd::kHang);
}

TEST_F(TotalLimitsTest, StretchHostTimeByItsScale) {
  TotalLimits patient(limits(), 2, 2.0);
  EXPECT_FALSE(patient.observe(sample_, 2 * (248 + 20 * 60)));
}

TEST_F(TotalLimitsTest, CountRings) {
  for (int i = 0; i < TotalLimits::kMostRings; ++i) ASSERT_TRUE(total_.count_ring());
  EXPECT_EQ(total_.count_ring().error().code(), ErrorCode::kCorruptData);
}

TEST_F(TotalLimitsTest, CountChangesOfSpeedApart) {
  for (int i = 0; i < TotalLimits::kMostRequests; ++i) ASSERT_TRUE(total_.count_request());
  EXPECT_TRUE(total_.count_ring());
  EXPECT_FALSE(total_.count_request());
}

// A fake agent may write anything, in any order: the end comes within the limit of host time.
TEST_F(TotalLimitsTest, HoldAgainstAnySequenceOfSamples) {
  std::uint64_t state = 1;
  const auto random = [&] { return state = state * 6364136223846793005u + 1442695040888963407u; };
  for (int guest = 0; guest < 200; ++guest) {
    TotalLimits total(limits(), 2, 1.0);
    std::optional<Lifecycle::Finding> finding;
    double host = 0;
    for (; !finding && host < 2000; host += 5)
      finding = total.observe({.agent_version = static_cast<std::uint32_t>(random() >> 62 ? mailbox::kVersion : 0),
                               .phase = static_cast<std::uint32_t>(random() >> 60) % 6,
                               .phase_since_ns = random(),
                               .heartbeat_ns = random(),
                               .heartbeats = random()},
                              host);
    EXPECT_TRUE(finding) << guest;
  }
}

}  // namespace
}  // namespace ktstr
