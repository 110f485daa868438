// SPDX-License-Identifier: GPL-2.0-or-later
#include "holds.h"

#include <gtest/gtest.h>

#include <memory>

namespace ktstr::control {
namespace {

constexpr std::uint64_t kFirst = 0xffffffffa0000010, kSecond = 0xffffffffa0000020, kOther = 0xffffffffa0000099;
constexpr std::uint64_t kFlag = 0xffffc90000001000;

class HoldsTest : public testing::Test {
 protected:
  void begin(
      Hold hold = {
          .first = kFirst, .second = kSecond, .from = 1, .to = 100, .stores_only = 1, .count = 1, .most = 1000}) {
    hold_ = hold;
    holds_->begin(&hold_, 1);
  }
  // Comes to the second place, having touched the flag at the first.
  bool comes(std::uint32_t vcpu, std::uint64_t address = kFlag, std::uint32_t bytes = 4) {
    holds_->on_access(vcpu, kFirst, address, bytes, false);
    return holds_->on_instruction(vcpu, kSecond);
  }
  HoldChange change() {
    Holds::Change change;
    return holds_->take_change(change) ? change.what : HoldChange{0};
  }

  Hold hold_{};
  std::unique_ptr<Holds> holds_ = std::make_unique<Holds>();
};

TEST_F(HoldsTest, OneStandsStillUntilAnotherHasWrittenThere) {
  begin();
  EXPECT_TRUE(comes(0));
  EXPECT_EQ(change(), HoldChange::kBegins);
  EXPECT_FALSE(holds_->on_block(1, 10));
  EXPECT_TRUE(holds_->on_block(0, 10));
  holds_->on_access(1, kOther, kFlag, 4, false);
  EXPECT_EQ(change(), HoldChange{0}) << "it has only read";
  EXPECT_FALSE(holds_->on_block(1, 10));
  holds_->on_access(1, kOther, kFlag + 3, 8, true);
  EXPECT_EQ(change(), HoldChange::kMet);
  EXPECT_FALSE(holds_->on_block(0, 10));
  EXPECT_FALSE(holds_->on_instruction(0, kSecond)) << "it is the instruction that it was held before";
  EXPECT_FALSE(holds_->on_instruction(0, kSecond)) << "it has not been at the first place again";
  EXPECT_TRUE(comes(0));
}

TEST_F(HoldsTest, BytesBesideAreOthers) {
  begin();
  EXPECT_TRUE(comes(0));
  EXPECT_EQ(change(), HoldChange::kBegins);
  holds_->on_access(1, kOther, kFlag + 4, 4, true);
  holds_->on_access(1, kOther, kFlag - 8, 8, true);
  holds_->on_access(0, kOther, kFlag, 4, true);
  EXPECT_EQ(change(), HoldChange{0});
}

TEST_F(HoldsTest, NobodyIsHeldForEver) {
  begin();
  EXPECT_TRUE(comes(0));
  EXPECT_EQ(change(), HoldChange::kBegins);
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(holds_->on_block(1, 10));
    EXPECT_EQ(holds_->on_block(0, 10), i < 99);
  }
  EXPECT_EQ(change(), HoldChange::kTooLong);
}

TEST_F(HoldsTest, AVcpuThatNobodyElseCanRunBesideGoesOn) {
  begin();
  EXPECT_TRUE(comes(0));
  EXPECT_EQ(change(), HoldChange::kBegins);
  EXPECT_TRUE(holds_->on_block(0, 10));
  EXPECT_TRUE(holds_->on_block(0, 10));
  EXPECT_FALSE(holds_->on_block(0, 10));
  EXPECT_EQ(change(), HoldChange::kNobodyElse);
}

TEST_F(HoldsTest, OnlyTheTimesThatAreWanted) {
  begin({.first = kFirst, .second = kSecond, .from = 2, .to = 2, .stores_only = 1, .count = 1, .most = 1000});
  EXPECT_FALSE(holds_->on_instruction(0, kSecond)) << "it has not been at the first place";
  EXPECT_FALSE(comes(0));
  EXPECT_TRUE(comes(1));
  Holds::Change change;
  ASSERT_TRUE(holds_->take_change(change));
  EXPECT_EQ(change.times, 2u);
  EXPECT_EQ(change.vcpu, 1u);
  EXPECT_FALSE(comes(0));
}

TEST_F(HoldsTest, OthersMayHaveToTouchItSeveralTimes) {
  begin({.first = kFirst, .second = kSecond, .from = 1, .to = 9, .stores_only = 1, .count = 3, .most = 1000});
  EXPECT_TRUE(comes(0));
  EXPECT_EQ(change(), HoldChange::kBegins);
  for (int i = 0; i < 2; ++i) holds_->on_access(1, kOther, kFlag, 4, true);
  EXPECT_EQ(change(), HoldChange{0});
  EXPECT_TRUE(holds_->on_block(0, 10));
  holds_->on_access(2, kOther, kFlag, 4, true);
  EXPECT_EQ(change(), HoldChange::kMet);
  EXPECT_FALSE(holds_->on_block(0, 10));
}

TEST_F(HoldsTest, LessOftenThanItWasToBeIsMetAllTheSame) {
  begin({.first = kFirst, .second = kSecond, .from = 1, .to = 9, .stores_only = 1, .count = 3, .most = 1000});
  EXPECT_TRUE(comes(0));
  EXPECT_EQ(change(), HoldChange::kBegins);
  holds_->on_access(1, kOther, kFlag, 4, true);
  EXPECT_FALSE(holds_->on_block(1, 1000));
  EXPECT_FALSE(holds_->on_block(0, 10));
  Holds::Change change;
  ASSERT_TRUE(holds_->take_change(change));
  EXPECT_EQ(change.what, HoldChange::kMet);
  EXPECT_EQ(change.place, kOther);
}

TEST_F(HoldsTest, OneWriteEndsAllThatWaitForIt) {
  const Hold both[] = {
      {.first = kFirst, .second = kSecond, .from = 1, .to = 9, .stores_only = 1, .count = 1, .most = 1000},
      {.first = kFirst, .second = kOther, .from = 1, .to = 9, .stores_only = 1, .count = 1, .most = 1000}};
  holds_->begin(both, 2);
  EXPECT_TRUE(comes(0));
  holds_->on_access(1, kFirst, kFlag, 4, false);
  EXPECT_TRUE(holds_->on_instruction(1, kOther));
  EXPECT_EQ(change(), HoldChange::kBegins);
  EXPECT_EQ(change(), HoldChange::kBegins);
  holds_->on_access(2, kOther + 1, kFlag, 4, true);
  EXPECT_EQ(change(), HoldChange::kMet);
  EXPECT_EQ(change(), HoldChange::kMet);
  EXPECT_EQ(change(), HoldChange{0});
}

TEST_F(HoldsTest, AnotherThatComesMeanwhileIsNotHeld) {
  begin();
  EXPECT_TRUE(comes(0));
  EXPECT_FALSE(comes(1));
  EXPECT_TRUE(holds_->on_block(0, 10));
}

}  // namespace
}  // namespace ktstr::control
