// SPDX-License-Identifier: Apache-2.0
#include "races/lock_sets.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using trace::LockUse;

class LockSetsTest : public testing::Test {
 protected:
  void use(std::uint16_t vcpu, std::uint32_t function, std::uint32_t change, std::uint64_t value) {
    sets_.follow(make_event(0, vcpu, LockUse{.function = function, .change = change, .value = value}));
  }
  void take(std::uint16_t vcpu, std::uint64_t lock) {
    use(vcpu, 1, LockUse::kWanted, lock);
    use(vcpu, 1, LockUse::kTaken, 0);
  }
  std::vector<std::uint64_t> held(std::uint16_t vcpu) {
    std::vector<std::uint64_t> all;
    for (const HeldLock& one : sets_.set(sets_.held_by(vcpu))) all.push_back(sets_.address(one.lock));
    return all;
  }
  LockSets sets_;
};

TEST_F(LockSetsTest, ALockIsHeldFromTheEndOfWhatTakesItOn) {
  use(0, 1, LockUse::kWanted, 0x100);
  EXPECT_THAT(held(0), IsEmpty()) << "it may wait for another CPU";
  use(0, 1, LockUse::kTaken, 0);
  take(0, 0x200);
  EXPECT_THAT(held(0), ElementsAre(0x100, 0x200));
  EXPECT_THAT(held(1), IsEmpty());
  use(0, 9, LockUse::kReleased, 0x100);
  EXPECT_THAT(held(0), ElementsAre(0x200));
  use(0, 9, LockUse::kReleased, 0x300);
  EXPECT_THAT(held(0), ElementsAre(0x200));
}

TEST_F(LockSetsTest, WhatWasNotTakenIsNotHeld) {
  use(0, 1, LockUse::kWanted, 0x100);
  use(0, 1, LockUse::kTakenUnlessZero, 0);
  use(0, 2, LockUse::kWanted, 0x200);
  use(0, 2, LockUse::kTakenIfZero, 0xffffffff);
  EXPECT_THAT(held(0), IsEmpty());
  use(0, 2, LockUse::kWanted, 0x200);
  use(0, 2, LockUse::kTakenIfZero, 0);
  EXPECT_THAT(held(0), ElementsAre(0x200));
}

TEST_F(LockSetsTest, WhereItIsWaitedForElsewhereItIsHeldFromTheEndOfThatOn) {
  use(0, 1, LockUse::kWanted, 0x100);
  sets_.follow(make_event(0, 0, LockUse{.function = 1, .change = LockUse::kTaken, .value = 0, .left = 0x5000}));
  EXPECT_THAT(held(0), IsEmpty());
  take(0, 0x200);
  EXPECT_THAT(held(0), ElementsAre(0x200)) << "by an interrupt";
  use(0, 7, LockUse::kTaken, 0);
  EXPECT_THAT(held(0), ElementsAre(0x200, 0x100));
  use(0, 1, LockUse::kWanted, 0x300);
  use(0, 7, LockUse::kTaken, 0);
  EXPECT_EQ(held(0).size(), 2u) << "the one that waits returns later";
  use(0, 1, LockUse::kTaken, 0);
  EXPECT_EQ(held(0).size(), 3u);
}

TEST_F(LockSetsTest, AnInterruptTakesItsOwnWhileOneIsWaitedFor) {
  use(0, 1, LockUse::kWanted, 0x100);
  use(0, 2, LockUse::kWanted, 0x200);
  use(0, 2, LockUse::kTaken, 0);
  EXPECT_THAT(held(0), ElementsAre(0x200));
  use(0, 9, LockUse::kReleased, 0x200);
  use(0, 1, LockUse::kTaken, 0);
  EXPECT_THAT(held(0), ElementsAre(0x100));
}

TEST_F(LockSetsTest, ALockThatIsTakenAgainIsHeldAnew) {
  take(0, 0x100);
  const std::uint32_t first = sets_.held_by(0);
  EXPECT_EQ(sets_.held_by(0), first);
  use(0, 9, LockUse::kReleased, 0x100);
  EXPECT_EQ(sets_.held_by(0), 0u);
  take(0, 0x100);
  const std::uint32_t second = sets_.held_by(0);
  EXPECT_NE(first, second);
  EXPECT_EQ(sets_.set(first)[0].lock, sets_.set(second)[0].lock);
  EXPECT_NE(sets_.set(first)[0].holding, sets_.set(second)[0].holding);
}

TEST_F(LockSetsTest, WhatAnotherTakesIsNotHeldAnyMore) {
  take(0, 0x100);
  take(1, 0x100);
  EXPECT_THAT(held(0), IsEmpty());
  EXPECT_THAT(held(1), ElementsAre(0x100));
}

TEST_F(LockSetsTest, WhateverAGuestDoesThereAreNoMoreThanSixteen) {
  for (std::uint64_t lock = 0; lock < 100; ++lock) take(0, 0x1000 + lock);
  for (std::uint64_t lock = 0; lock < 100; ++lock) use(0, 1, LockUse::kWanted, lock);
  use(0, 3, LockUse::kTaken, 0);
  EXPECT_EQ(held(0).size(), 16u);
  EXPECT_THAT(sets_.set(1000), IsEmpty());
}

}  // namespace
}  // namespace ktstr
