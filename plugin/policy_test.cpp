// SPDX-License-Identifier: GPL-2.0-or-later
#include "policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "turns.h"

namespace ktstr::control {
namespace {

constexpr PolicyKind kActing[] = {PolicyKind::kUniform, PolicyKind::kBursts, PolicyKind::kVictim, PolicyKind::kPct,
                                  PolicyKind::kPos};
constexpr std::uint32_t kTurn = 1000, kMostAway = 100'000;

// A round-robin machine that does what turns and policy say.
class PolicyTest : public testing::Test {
 protected:
  void begin(PolicyKind kind, std::uint32_t vcpus, std::uint64_t seed = 1) {
    busy_.assign(vcpus, true);
    ran_.assign(vcpus, 0);
    away_.assign(vcpus, 0);
    turns_of_.assign(vcpus, {});
    longest_away_ = now_ = held_ = 0;
    random_ = 7;
    next_ = 0;
    const std::vector<std::uint32_t> speed(kMostVcpus, kFullSpeed);
    policy_->begin(kind, seed, vcpus, kTurn, kMostAway);
    turns_->begin(kTurn, vcpus, seed, speed.data());
  }
  // The next vCPU's turn.
  void step() {
    const std::uint32_t vcpu = next_;
    next_ = (next_ + 1) % static_cast<std::uint32_t>(busy_.size());
    if (!busy_[vcpu]) return;
    std::uint64_t ran = 0;
    for (bool last = false; !last;) {
      random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL;
      const std::uint32_t block = 1 + static_cast<std::uint32_t>(random_ >> 40) % 13;
      if (policy_->acts() && policy_->holds_back(vcpu, block, (random_ >> 20) % 50 == 0)) {
        ++held_;
        break;
      }
      last = turns_->on_block(vcpu, block);
      if (last) policy_->end_turn();
      ran += block;
    }
    now_ += ran;
    ran_[vcpu] += ran;
    if (ran != 0) turns_of_[vcpu].push_back(ran);
    for (std::uint32_t other = 0; other < busy_.size(); ++other)
      away_[other] = other == vcpu && ran != 0 ? 0 : busy_[other] ? away_[other] + ran : 0;
    longest_away_ = std::max(longest_away_, *std::max_element(away_.begin(), away_.end()));
  }
  void steps(int count) {
    for (int i = 0; i < count; ++i) step();
  }

  std::array<std::uint64_t, kMostVcpus> instructions_{};
  std::unique_ptr<Policy> policy_ = std::make_unique<Policy>();
  std::unique_ptr<Turns> turns_ = std::make_unique<Turns>(instructions_.data(), policy_.get());
  std::vector<bool> busy_;
  std::vector<std::uint64_t> ran_, away_;
  std::vector<std::vector<std::uint64_t>> turns_of_;
  std::uint64_t longest_away_ = 0, now_ = 0, held_ = 0, random_ = 7;
  std::uint32_t next_ = 0;
};

TEST_F(PolicyTest, DoesNotActUntilItBeginsNorWhenItHasEnded) {
  EXPECT_FALSE(policy_->acts());
  begin(PolicyKind::kPct, 2);
  EXPECT_TRUE(policy_->acts());
  policy_->end();
  EXPECT_FALSE(policy_->acts());
}

TEST_F(PolicyTest, DecidesTheSameForASeedAndSomethingElseForAnother) {
  for (const PolicyKind kind : kActing) {
    const auto turns = [&](std::uint64_t seed) {
      begin(kind, 3, seed);
      steps(4000);
      return turns_of_;
    };
    EXPECT_EQ(turns(1), turns(1)) << static_cast<int>(kind);
    EXPECT_NE(turns(1), turns(2)) << static_cast<int>(kind);
  }
}

TEST_F(PolicyTest, KeepsNobodyWaitingForLongerThanItMay) {
  for (const PolicyKind kind : kActing)
    for (const std::uint32_t vcpus : {2U, 4U, 16U}) {
      begin(kind, vcpus);
      steps(10'000);
      // One that is due comes in its place of the round; with `bursts` a long turn may follow on another.
      EXPECT_LT(longest_away_, 2 * kMostAway + 2 * vcpus * kTurn) << static_cast<int>(kind) << " " << vcpus;
    }
}

TEST_F(PolicyTest, GivesEachAboutTheSameInTheEnd) {
  for (const PolicyKind kind : kActing) {
    begin(kind, 4);
    steps(40'000);
    for (const std::uint64_t each : ran_)
      EXPECT_NEAR(static_cast<double>(each) * 4 / static_cast<double>(now_), 1.0, 0.15) << static_cast<int>(kind);
  }
}

// However low its priority is, or whether it is the victim.
TEST_F(PolicyTest, LetsOneGoOnAtOnceWhereAllOthersAreIdle) {
  for (const PolicyKind kind : kActing) {
    begin(kind, 4);
    steps(5000);
    busy_ = {false, false, true, false};
    std::uint64_t before = now_;
    int in_vain = 0;
    for (int i = 0; i < 4000; ++i) {
      step();
      in_vain = now_ == before ? in_vain + 1 : 0;
      before = now_;
      ASSERT_LT(in_vain, 9) << "steps, of which four are a round: " << static_cast<int>(kind);
    }
  }
}

TEST_F(PolicyTest, LetsTheLowestGoOnWhileTheOthersSleep) {
  begin(PolicyKind::kPct, 4);
  for (int i = 0; i < 2000; ++i) {
    for (std::uint32_t vcpu = 0; vcpu < 4; ++vcpu) busy_[vcpu] = (static_cast<std::uint32_t>(i) >> vcpu & 1) != 0;
    const std::uint64_t before = now_;
    steps(12);
    if (i % 16 != 0) {
      EXPECT_GT(now_, before) << i;
    }
  }
}

TEST_F(PolicyTest, DrawsLengthsAroundTheUsualOne) {
  begin(PolicyKind::kUniform, 2);
  steps(4000);
  const auto [least, most] = std::minmax_element(turns_of_[0].begin(), turns_of_[0].end());
  EXPECT_GE(*least, kTurn / 8);
  EXPECT_LT(*least, kTurn / 4);
  EXPECT_GT(*most, kTurn * 7 / 4);
  EXPECT_LE(*most, kTurn * 2 + 13);
}

TEST_F(PolicyTest, MixesUsualTurnsWithShortAndLongOnes) {
  begin(PolicyKind::kBursts, 2);
  steps(20000);
  const auto& turns = turns_of_[0];
  const auto count = [&](std::uint64_t from, std::uint64_t to) {
    return std::count_if(turns.begin(), turns.end(), [&](std::uint64_t each) { return each >= from && each < to; });
  };
  EXPECT_GT(count(kTurn, kTurn + 13), static_cast<std::ptrdiff_t>(turns.size() / 3));
  EXPECT_GT(count(0, kTurn / 4 + 13), 100);
  EXPECT_GT(count(kTurn * 4, kMostAway + 13), 10);
}

TEST_F(PolicyTest, LeavesTheVictimOutForAWhile) {
  begin(PolicyKind::kVictim, 2);
  steps(20000);
  EXPECT_GT(longest_away_, kMostAway / 2);
  EXPECT_GT(held_, 0u);
  const auto usual = std::count_if(turns_of_[0].begin(), turns_of_[0].end(),
                                   [](std::uint64_t each) { return each >= kTurn && each < kTurn + 13; });
  EXPECT_GT(static_cast<std::size_t>(usual) * 100, turns_of_[0].size() * 99) << "the others are as long as ever";
}

TEST_F(PolicyTest, RunsTheHighestUntilAChange) {
  begin(PolicyKind::kPct, 4);
  std::uint32_t last = 0;
  int changes = 0, turns = 0;
  for (int i = 0; i < 50'000; ++i) {
    const auto before = ran_;
    step();
    for (std::uint32_t vcpu = 0; vcpu < 4; ++vcpu) {
      if (ran_[vcpu] == before[vcpu]) continue;
      ++turns;
      if (vcpu != last) ++changes;
      last = vcpu;
    }
  }
  EXPECT_LT(changes * 3, turns);
  EXPECT_GT(changes, 250);
}

TEST_F(PolicyTest, DrawsPrioritiesAtEvents) {
  begin(PolicyKind::kPos, 2);
  steps(10000);
  const auto cut =
      std::count_if(turns_of_[0].begin(), turns_of_[0].end(), [](std::uint64_t each) { return each < kTurn; });
  EXPECT_GT(cut, 100);
}

TEST_F(PolicyTest, LeavesNothingToCatchUpWithWhenItEnds) {
  begin(PolicyKind::kVictim, 4);
  steps(20000);
  policy_->end();
  turns_->level();
  const auto before = instructions_;
  for (auto& turns : turns_of_) turns.clear();
  steps(4000);
  for (std::size_t vcpu = 0; vcpu < 4; ++vcpu) {
    EXPECT_NEAR(static_cast<double>(instructions_[vcpu] - before[vcpu]),
                static_cast<double>(instructions_[0] - before[0]), 3.0 * kTurn);
    EXPECT_LT(*std::max_element(turns_of_[vcpu].begin(), turns_of_[vcpu].end()), 3 * kTurn);
  }
}

}  // namespace
}  // namespace ktstr::control
