// SPDX-License-Identifier: GPL-2.0-or-later
#include "turns.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <vector>

#include "vcpu_table.h"

namespace ktstr::control {
namespace {

// A round-robin machine: each busy vCPU runs blocks until its turn ends, or is cut short by a timer.
class TurnsTest : public testing::Test {
 protected:
  void begin(std::uint32_t vcpus, std::uint32_t turn, std::uint64_t seed = 1) {
    busy_.assign(vcpus, true);
    turns_->begin(turn, vcpus, seed, speed_.data());
  }
  // One turn of each busy vCPU, in order, with blocks of 1 to 13 instructions.
  void round() {
    for (std::uint32_t vcpu = 0; vcpu < busy_.size(); ++vcpu) {
      if (!busy_[vcpu]) continue;
      for (std::uint32_t blocks = 0;; ++blocks) {
        random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL;
        if (cut_every_ != 0 && (random_ >> 20) % cut_every_ == 0) break;
        if (turns_->on_block(vcpu, 1 + static_cast<std::uint32_t>(random_ >> 40) % 13)) break;
      }
    }
  }
  double share(std::uint32_t vcpu) const {
    std::uint64_t all = 0;
    for (const std::uint64_t each : instructions_) all += each;
    return static_cast<double>(instructions_[vcpu]) * static_cast<double>(busy_.size()) / static_cast<double>(all);
  }

  std::array<std::uint64_t, kMostVcpus> instructions_{};
  std::array<std::uint32_t, kMostVcpus> speed_ = [] {
    std::array<std::uint32_t, kMostVcpus> full{};
    full.fill(kFullSpeed);
    return full;
  }();
  std::unique_ptr<Turns> turns_ = std::make_unique<Turns>(instructions_.data());
  std::vector<bool> busy_;
  std::uint64_t random_ = 7;
  std::uint32_t cut_every_ = 0;  // a timer ends a turn at one of so many blocks
};

TEST_F(TurnsTest, AreOffUntilTheyBegin) {
  EXPECT_FALSE(turns_->active());
  begin(2, 1000);
  EXPECT_TRUE(turns_->active());
}

TEST_F(TurnsTest, EndWhenTheirInstructionsAreUsedUp) {
  begin(1, 1000);
  EXPECT_FALSE(turns_->on_block(0, 999));
  EXPECT_TRUE(turns_->on_block(0, 1));
  EXPECT_EQ(turns_->ended(), 1u);
  EXPECT_EQ(instructions_[0], 1000u);
}

TEST_F(TurnsTest, AreEqual) {
  for (const std::uint32_t vcpus : {2, 4, 16, 252}) {
    begin(vcpus, 1000);
    for (int i = 0; i < 2000; ++i) round();
    for (std::uint32_t vcpu = 0; vcpu < vcpus; ++vcpu) EXPECT_NEAR(share(vcpu), 1.0, 0.001) << vcpus;
  }
}

TEST_F(TurnsTest, CatchUpWhenTimersCutThemShort) {
  begin(4, 1000);
  cut_every_ = 300;
  for (int i = 0; i < 5000; ++i) round();
  for (std::uint32_t vcpu = 0; vcpu < 4; ++vcpu) EXPECT_NEAR(share(vcpu), 1.0, 0.001);
}

TEST_F(TurnsTest, GiveOneThatComesBackFromIdleNothingForTheTimeItWasAway) {
  begin(4, 1000);
  for (int i = 0; i < 100; ++i) round();
  busy_[3] = false;
  for (int i = 0; i < 1000; ++i) round();
  const auto before = instructions_;
  busy_[3] = true;
  for (int i = 0; i < 1000; ++i) round();
  const auto gained = [&](std::size_t vcpu) { return static_cast<double>(instructions_[vcpu] - before[vcpu]); };
  for (std::size_t vcpu = 0; vcpu < 3; ++vcpu) EXPECT_NEAR(gained(3) / gained(vcpu), 1.0, 0.005);
}

TEST_F(TurnsTest, AreEqualAmongTheBusyWhileOthersSleepAndWake) {
  begin(4, 1000);
  for (int i = 0; i < 5000; ++i) {
    busy_[3] = i % 50 < 20;
    round();
  }
  EXPECT_NEAR(share(0) / share(1), 1.0, 0.001);
  EXPECT_NEAR(share(0) / share(2), 1.0, 0.001);
}

TEST_F(TurnsTest, GiveSlowCpusTheirPart) {
  speed_[2] = 40;
  speed_[3] = 7;
  begin(4, 1000);
  for (int i = 0; i < 5000; ++i) round();
  EXPECT_NEAR(share(1) / share(0), 1.0, 0.001);
  EXPECT_NEAR(share(2) / share(0), 0.40, 0.002);
  EXPECT_NEAR(share(3) / share(0), 0.07, 0.002);
}

TEST_F(TurnsTest, TakeNewSpeedsAtOnceAndForgetNothing) {
  begin(2, 1000);
  for (int i = 0; i < 1000; ++i) round();
  const auto before = instructions_;
  speed_[1] = 25;
  turns_->set_speeds(speed_.data());
  for (int i = 0; i < 1000; ++i) round();
  EXPECT_NEAR(static_cast<double>(instructions_[1] - before[1]) / static_cast<double>(instructions_[0] - before[0]),
              0.25, 0.003);
}

TEST_F(TurnsTest, BeginWhereTheSeedSays) {
  auto first_turn = [&](std::uint64_t seed) {
    begin(2, 1000, seed);
    std::uint32_t first = 0;
    turns_->on_block(1, 1);
    while (!turns_->on_block(0, 1)) ++first;
    return first;
  };
  EXPECT_EQ(first_turn(1), first_turn(1));
  EXPECT_NE(first_turn(1), first_turn(2));
}

TEST(VcpuTable, FindsWhatWasAdded) {
  const auto table = std::make_unique<VcpuTable>();
  std::vector<char> cpus(300 * 4096);
  for (std::uint32_t i = 0; i < 300; ++i) table->add(&cpus[std::size_t{i} * 4096], i);
  for (std::uint32_t i = 0; i < 300; ++i) EXPECT_EQ(table->find(&cpus[std::size_t{i} * 4096]), i);
  EXPECT_EQ(table->find(&cpus[1]), VcpuTable::kNone);
  EXPECT_EQ(table->find(nullptr), VcpuTable::kNone);
}

}  // namespace
}  // namespace ktstr::control
