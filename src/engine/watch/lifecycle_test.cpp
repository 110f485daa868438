// SPDX-License-Identifier: Apache-2.0
#include "engine/watch/lifecycle.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

class LifecycleTest : public testing::Test {
 protected:
  static PhaseLimits limits() {
    PhaseLimits result;
    result.body = std::chrono::seconds(10);
    return result;
  }
  // A guest that is alive, at `guest` seconds on its clock.
  void alive(Phase phase, double guest) {
    sample_.agent_version = mailbox::kVersion;
    if (sample_.phase != static_cast<std::uint32_t>(phase))
      sample_.phase_since_ns = static_cast<std::uint64_t>(guest * kSecond);
    sample_.phase = static_cast<std::uint32_t>(phase);
    sample_.heartbeat_ns = static_cast<std::uint64_t>(guest * kSecond);
    ++sample_.heartbeats;
  }
  auto look(double host) { return lifecycle_.observe(sample_, host); }

  GuestSample sample_;
  Lifecycle lifecycle_{limits(), 4, 1.0};
};

TEST_F(LifecycleTest, RecordsEachPhaseWhenItIsFirstSeen) {
  EXPECT_FALSE(look(1));
  EXPECT_EQ(lifecycle_.phase(), Phase::kBoot);
  alive(Phase::kAttach, 2);
  EXPECT_FALSE(look(3));
  EXPECT_FALSE(look(4));
  alive(Phase::kDone, 5);
  EXPECT_FALSE(look(6));
  EXPECT_TRUE(lifecycle_.done());
  ASSERT_EQ(lifecycle_.phases().size(), 3u);
  EXPECT_EQ(lifecycle_.phases()[1].phase, Phase::kAttach);
  EXPECT_EQ(lifecycle_.phases()[1].guest_ns, 2 * kSecond);
  EXPECT_EQ(lifecycle_.phases()[1].host_seconds, 3);
}

TEST_F(LifecycleTest, LeavesAPhaseTheGraceAfterItsLimit) {
  alive(Phase::kBody, 2);
  EXPECT_FALSE(look(3));
  alive(Phase::kBody, 16.9);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(look(4));
}

TEST_F(LifecycleTest, EndsAPhaseThatOutlivesItsLimitInGuestTime) {
  alive(Phase::kBody, 2);
  EXPECT_FALSE(look(3));
  alive(Phase::kBody, 17.5);
  EXPECT_FALSE(look(4));  // one look may have come between two stores of the agent
  EXPECT_FALSE(look(4));
  const auto finding = look(4);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->end, GuestEnd::kPhaseTimeout);
  EXPECT_EQ(finding->message, "phase body took 15.5 s of guest time; its limit is 10.0 s and the agent did not end it");
}

TEST_F(LifecycleTest, GivesASlowHostTime) {
  alive(Phase::kBody, 2);
  EXPECT_FALSE(look(3));
  for (int i = 1; i < 30; ++i) {  // nine host seconds for each third of a guest second
    alive(Phase::kBody, 2 + i / 3.0);
    EXPECT_FALSE(look(3 + 9.0 * i)) << i;
  }
}

TEST_F(LifecycleTest, CallsAGuestWithoutHeartbeatHung) {
  alive(Phase::kBody, 2);
  EXPECT_FALSE(look(3));
  EXPECT_FALSE(look(12.5));
  const auto finding = look(13.5);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->end, GuestEnd::kHang);
  EXPECT_TRUE(finding->silent);
  EXPECT_NE(finding->message.find("phase body"), std::string::npos);
}

TEST_F(LifecycleTest, GivesAGuestThatWasSlowBeforeMoreTime) {
  alive(Phase::kBody, 2);
  EXPECT_FALSE(look(3));
  alive(Phase::kBody, 3.5);
  EXPECT_FALSE(look(7));  // 4 s for one heartbeat
  EXPECT_FALSE(look(7 + 31));
  const auto finding = look(7 + 33);
  ASSERT_TRUE(finding);
  EXPECT_TRUE(finding->silent);
}

TEST_F(LifecycleTest, GivesAGuestWithManyCpusMoreTime) {
  Lifecycle large(limits(), 128, 1.0);
  alive(Phase::kBody, 2);
  EXPECT_FALSE(large.observe(sample_, 3));
  EXPECT_FALSE(large.observe(sample_, 3 + 54));
  EXPECT_TRUE(large.observe(sample_, 3 + 56));
}

TEST_F(LifecycleTest, CallsAGuestHungWhoseClockCrawls) {
  Lifecycle slow(limits(), 4, 1.0, 0.25);  // two steps of --shift below the default
  alive(Phase::kBody, 2);
  EXPECT_FALSE(look(3));
  EXPECT_FALSE(slow.observe(sample_, 3));
  for (int i = 1; i <= 4; ++i) {
    alive(Phase::kBody, 2 + 0.1 * i);
    EXPECT_FALSE(look(3 + 2.5 * i)) << i;
    EXPECT_FALSE(slow.observe(sample_, 3 + 2.5 * i)) << i;
  }
  alive(Phase::kBody, 2.45);
  const auto finding = look(14);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->end, GuestEnd::kHang);
  EXPECT_TRUE(finding->crawls);
  EXPECT_FALSE(slow.observe(sample_, 14));
}

TEST_F(LifecycleTest, CallsAGuestSilentThatStoppedAfterItsLastSign) {
  alive(Phase::kBody, 2);
  EXPECT_FALSE(look(3));
  alive(Phase::kBody, 2.004);
  EXPECT_FALSE(look(3.5));
  EXPECT_FALSE(look(13.2));
  const auto finding = look(13.8);
  ASSERT_TRUE(finding);
  EXPECT_TRUE(finding->silent);
  EXPECT_FALSE(finding->crawls);
}

TEST_F(LifecycleTest, LetsAGuestBeSlow) {
  alive(Phase::kBody, 2);
  EXPECT_FALSE(look(3));
  for (int i = 1; i <= 20; ++i) {
    alive(Phase::kBody, 2 + 0.1 * i);
    EXPECT_FALSE(look(3 + 1.8 * i)) << i;
  }
}

TEST_F(LifecycleTest, GivesABootMoreTime) {
  alive(Phase::kBoot, 1);
  EXPECT_FALSE(look(3));
  EXPECT_FALSE(look(62));
  const auto finding = look(64);
  ASSERT_TRUE(finding);
  EXPECT_FALSE(finding->silent) << "a boot that hangs says nothing about the kernel";
}

TEST_F(LifecycleTest, TakesAnAnsweredRingForASignOfLife) {
  alive(Phase::kBody, 2);
  EXPECT_FALSE(look(3));
  ++sample_.answered;
  EXPECT_FALSE(look(20));
}

TEST_F(LifecycleTest, CallsABootHungThatNeverReachesTheAgent) {
  EXPECT_FALSE(look(255));
  const auto finding = look(257);  // 240 s and 4 s for each of 4 CPUs
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->end, GuestEnd::kHang);
}

TEST_F(LifecycleTest, CallsAPhaseHungThatBeatsWithoutGettingAnywhere) {
  alive(Phase::kBody, 2);
  EXPECT_FALSE(look(0));
  alive(Phase::kBody, 2.4);
  EXPECT_FALSE(look(6));
  alive(Phase::kBody, 2.4);
  EXPECT_FALSE(look(9));
  alive(Phase::kBody, 2.4);
  const auto finding = look(11);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->end, GuestEnd::kHang);
}

TEST_F(LifecycleTest, StretchesHostLimitsByTheirScale) {
  Lifecycle patient(limits(), 4, 2.0);
  EXPECT_FALSE(patient.observe(sample_, 500));
  EXPECT_TRUE(patient.observe(sample_, 515));
}

TEST_F(LifecycleTest, DoesNotCountWhatQemuWaitedForACpu) {
  EXPECT_FALSE(lifecycle_.observe(sample_, 1000, 750));  // a boot
  alive(Phase::kBody, 2);
  EXPECT_FALSE(lifecycle_.observe(sample_, 1010, 750));
  EXPECT_FALSE(lifecycle_.observe(sample_, 2000, 1735));
  const auto finding = lifecycle_.observe(sample_, 2010, 1735);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->end, GuestEnd::kHang);
}

TEST_F(LifecycleTest, DoesNotTimeAGuestThatIsDone) {
  alive(Phase::kDone, 2);
  EXPECT_FALSE(look(3));
  EXPECT_FALSE(look(100000));
}

TEST_F(LifecycleTest, DoesNotBelieveAPhaseThatThereIsNot) {
  alive(Phase::kBody, 1);
  sample_.phase = kPhaseCount;
  const auto finding = look(1);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->end, GuestEnd::kCorrupt);
}

TEST_F(LifecycleTest, DoesNotTalkToAnAgentOfAnotherVersion) {
  sample_.agent_version = mailbox::kVersion + 1;
  const auto finding = look(1);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->end, GuestEnd::kCorrupt);
}

TEST_F(LifecycleTest, KeepsABoundedListOfPhases) {
  for (int i = 0; i < 1000; ++i) {
    alive(i % 2 == 0 ? Phase::kAttach : Phase::kBody, i * 0.001);
    EXPECT_FALSE(look(1));
  }
  EXPECT_LE(lifecycle_.phases().size(), 64u);
}

TEST(GuestSample, IsReadFromTheMailbox) {
  std::vector<std::byte> box(mailbox::kLanesOffset);
  const mailbox::View view(box);
  view.layout().guest = {mailbox::kVersion, 3, 11, 22, 33};
  const GuestSample sample = take_sample(view);
  EXPECT_EQ(sample.phase, 3u);
  EXPECT_EQ(sample.phase_since_ns, 11u);
  EXPECT_EQ(sample.heartbeat_ns, 22u);
  EXPECT_EQ(sample.heartbeats, 33u);
}

}  // namespace
}  // namespace ktstr
