// SPDX-License-Identifier: Apache-2.0
#include "races/candidates.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::uint64_t kCode = 0xffffffffa0000000, kData = 0xffffc90000001000;
constexpr std::uint64_t kFlag = kData, kCount = kData + 4, kState = kData + 8;

// What happens in a run, in order; each line of the source is an instruction of 16 bytes.
class CandidatesTest : public testing::Test {
 protected:
  CandidatesTest() {
    trace::FunctionSeen function{.start = kCode, .end = kCode + 0x1000, .name = {}};
    put_text("f", function.name);
    run_.names.follow(make_event(0, 0, function));
    for (std::uint32_t line = 1; line < 100; ++line) {
      trace::BpfLineSeen seen{.start = kCode + line * 16, .line = line, .file = {}, .text = {}};
      put_text("a.c", seen.file);
      run_.names.follow(make_event(0, 0, seen));
    }
    for (const auto& [name, start] : {std::pair("flag", kFlag), {"count", kCount}, {"state", kState}}) {
      trace::DataSeen data{
          .number = data_++, .start = start, .bytes = start == kState ? 16U : 4U, .element = 0, .name = {}};
      put_text(name, data.name);
      run_.names.follow(make_event(0, 0, data));
    }
  }
  void touch(std::uint16_t vcpu, std::uint32_t line, std::uint64_t address, bool store, std::uint32_t bytes = 4) {
    run_.accesses.push_back({.time_ns = time_ += 10,
                             .place = kCode + line * 16,
                             .address = address,
                             .bytes = bytes,
                             .vcpu = vcpu,
                             .store = store,
                             .locks = run_.locks.held_by(vcpu)});
  }
  void takes(std::uint16_t vcpu, std::uint64_t lock) {
    use(vcpu, trace::LockUse::kWanted, lock);
    use(vcpu, trace::LockUse::kTaken, 0);
  }
  void releases(std::uint16_t vcpu, std::uint64_t lock) { use(vcpu, trace::LockUse::kReleased, lock); }
  void use(std::uint16_t vcpu, std::uint32_t change, std::uint64_t value) {
    run_.locks.follow(make_event(time_, vcpu, trace::LockUse{.function = 1, .change = change, .value = value}));
  }
  // ... as a CPU does both under a lock.
  void checks_and_acts(std::uint64_t lock) {
    takes(0, lock);
    reads(0, 1, kFlag);
    writes(0, 2, kFlag);
    releases(0, lock);
  }
  std::string lock_of_first() { return find_candidates(run_).front().lock; }
  void reads(std::uint16_t vcpu, std::uint32_t line, std::uint64_t address) { touch(vcpu, line, address, false); }
  void writes(std::uint16_t vcpu, std::uint32_t line, std::uint64_t address) { touch(vcpu, line, address, true); }

  // "check-then-act on flag: 1, 2"
  std::vector<std::string> found() {
    std::vector<std::string> texts;
    for (const RaceCandidate& one : find_candidates(run_))
      texts.push_back(fmt::format("{}: {}, {}", one.to_text(), one.first.line, one.second.line));
    return texts;
  }

  WatchedRun run_;
  std::uint64_t time_ = 0;
  std::uint32_t data_ = 0;
};

TEST_F(CandidatesTest, ACheckAndAnActThatAnotherCouldHaveComeBetween) {
  reads(0, 1, kFlag);
  writes(0, 2, kFlag);
  writes(1, 9, kFlag);
  EXPECT_THAT(found(), ElementsAre("check-then-act on flag: 1, 2"));
  const RaceCandidate only = find_candidates(run_).front();
  EXPECT_EQ(to_text(only.holds), "f+0x10 to f+0x20 until write");
  ASSERT_EQ(only.others.size(), 2u);
  EXPECT_EQ(only.others[1].line, 9u);
}

TEST_F(CandidatesTest, NothingWhereNobodyElseWrites) {
  reads(0, 1, kFlag);
  writes(0, 2, kFlag);
  reads(1, 9, kCount);
  writes(1, 9, kCount);
  EXPECT_THAT(found(), IsEmpty()) << "two variables in one word";
  EXPECT_THAT((reads(1, 9, kFlag), found()), IsEmpty()) << "it is read by another, once it is written";
}

TEST_F(CandidatesTest, TwoHalvesOfOneObject) {
  writes(0, 1, kState);
  writes(0, 2, kState + 8);
  reads(1, 3, kState);
  reads(1, 4, kState + 8);
  EXPECT_THAT(found(), UnorderedElementsAre("half-written state: state and state+8: 1, 2",
                                            "two reads: state and state+8: 3, 4"));
  for (const RaceCandidate& one : find_candidates(run_))
    EXPECT_EQ(one.holds.front().writes_only, one.shape == RaceShape::kTornRead);
}

TEST_F(CandidatesTest, TwoVariablesAreNoHalves) {
  writes(0, 1, kFlag);
  writes(0, 2, kCount);
  reads(1, 3, kFlag);
  reads(1, 4, kCount);
  EXPECT_THAT(found(), IsEmpty()) << "though one lies beside the other";
}

TEST_F(CandidatesTest, AnAtomicActSaysNothingOfWhatWasCheckedElsewhere) {
  reads(0, 1, kFlag);
  writes(0, 2, kCount);
  run_.accesses.back().atomic = true;
  writes(1, 8, kFlag);
  reads(1, 9, kCount);
  const std::vector<RaceCandidate> all = find_candidates(run_);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_TRUE(all.front().atomic);
  const double score = all.front().score;
  run_.accesses[1].atomic = false;
  EXPECT_EQ(find_candidates(run_).front().score, score);
}

TEST_F(CandidatesTest, ACompareAndSwapIsTheActAndItsOwnReadIsNoCheck) {
  reads(0, 1, kFlag);
  for (std::uint16_t vcpu = 0; vcpu < 2; ++vcpu) {
    reads(vcpu, 2, kFlag);
    writes(vcpu, 2, kFlag);
    for (std::size_t i = run_.accesses.size() - 2; i < run_.accesses.size(); ++i) run_.accesses[i].atomic = true;
  }
  EXPECT_THAT(found(), ElementsAre("check-then-act on flag: 1, 2"));
  EXPECT_TRUE(find_candidates(run_).front().atomic);
}

TEST_F(CandidatesTest, InterruptsAreOnWhereBothAreMadeWithThem) {
  reads(0, 1, kFlag);
  writes(0, 2, kFlag);
  writes(1, 8, kFlag);
  run_.accesses[0].interrupts = true;
  EXPECT_FALSE(find_candidates(run_).front().interrupts);
  run_.accesses[1].interrupts = true;
  EXPECT_TRUE(find_candidates(run_).front().interrupts);
}

TEST_F(CandidatesTest, HalfWrittenAndTwiceRead) {
  touch(0, 1, kState, true, 8);
  touch(0, 2, kState, true, 8);
  touch(1, 3, kState, false, 8);
  touch(1, 4, kState, false, 8);
  EXPECT_THAT(found(), ElementsAre("half-written state on state: 1, 2", "two reads on state: 3, 4"));
  EXPECT_EQ(to_text(find_candidates(run_).front().holds), "f+0x10 to f+0x20 until access");
}

TEST_F(CandidatesTest, OneVariableIsCheckedAndAnotherWritten) {
  reads(0, 1, kCount);
  writes(0, 2, kFlag);
  writes(1, 8, kCount);
  reads(1, 9, kFlag);
  EXPECT_THAT(found(), ElementsAre("count is checked, then flag is written: 1, 2"));
}

TEST_F(CandidatesTest, WhatDoesNotBelongTogetherIsNone) {
  reads(0, 1, kFlag);
  run_.accesses.back().run = 1;  // another task ran after it
  writes(0, 2, kFlag);
  writes(1, 9, kFlag);
  EXPECT_THAT(found(), IsEmpty());
  run_.accesses.clear();
  reads(0, 1, kFlag);
  writes(0, 1, kFlag);  // one instruction
  writes(1, 9, kFlag);
  EXPECT_THAT(found(), IsEmpty());
  run_.accesses.clear();
  reads(0, 1, kFlag);
  time_ += 1'000'000;
  writes(0, 2, kFlag);
  writes(1, 9, kFlag);
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(CandidatesTest, WhatComesSeldomIsTriedFirst) {
  for (int i = 0; i < 100; ++i) {
    reads(0, 1, kFlag);
    writes(0, 2, kFlag);
    time_ += 1'000'000;
  }
  reads(0, 3, kCount);
  writes(0, 4, kCount);
  writes(1, 8, kFlag);
  writes(1, 9, kCount);
  EXPECT_THAT(found(), ElementsAre("check-then-act on count: 3, 4", "check-then-act on flag: 1, 2"));
}

TEST_F(CandidatesTest, OnePairOfLinesIsOneCandidateHoweverOftenItWasCompiled) {
  trace::BpfLineSeen again{.start = kCode + 99 * 16, .line = 2, .file = {}, .text = {}};
  put_text("a.c", again.file);
  run_.names.follow(make_event(0, 0, again));
  reads(0, 1, kFlag);
  writes(0, 2, kFlag);
  reads(0, 1, kFlag);
  writes(0, 99, kFlag);
  writes(1, 9, kFlag);
  const auto candidates = find_candidates(run_);
  ASSERT_EQ(candidates.front().holds.size(), 2u);
  EXPECT_EQ(candidates.front().times, 2u);
}

TEST_F(CandidatesTest, NobodyComesBetweenWhereAllHoldOneLock) {
  checks_and_acts(kState);
  takes(1, kState);
  writes(1, 9, kFlag);
  releases(1, kState);
  EXPECT_THAT(found(), ElementsAre("check-then-act on flag: 1, 2"));
  EXPECT_EQ(lock_of_first(), "state");
  takes(1, kState + 0x1000);
  reads(1, 9, kFlag);
  EXPECT_EQ(lock_of_first(), "state") << "a read is none that could come between";
}

TEST_F(CandidatesTest, AnyoneComesBetweenWhereOneDoesNotHoldIt) {
  checks_and_acts(kState);
  takes(1, kState);
  writes(1, 8, kFlag);
  releases(1, kState);
  writes(1, 9, kFlag);
  EXPECT_EQ(lock_of_first(), "");
}

TEST_F(CandidatesTest, AnotherLockKeepsNobodyOut) {
  checks_and_acts(kState);
  takes(1, kState + 0x1000);
  writes(1, 9, kFlag);
  EXPECT_EQ(lock_of_first(), "");
}

TEST_F(CandidatesTest, NorDoesALockThatIsReleasedBetween) {
  takes(0, kState);
  reads(0, 1, kFlag);
  releases(0, kState);
  takes(0, kState);
  writes(0, 2, kFlag);
  releases(0, kState);
  takes(1, kState);
  writes(1, 9, kFlag);
  EXPECT_EQ(lock_of_first(), "");
}

TEST_F(CandidatesTest, ALockThatIsHeldOnlySometimesKeepsNobodyOut) {
  checks_and_acts(kState);
  reads(0, 1, kFlag);
  writes(0, 2, kFlag);
  takes(1, kState);
  writes(1, 9, kFlag);
  EXPECT_EQ(lock_of_first(), "");
}

TEST_F(CandidatesTest, EachMayHaveALockOfItsOwn) {
  // Two tasks, each with its lock.
  for (const std::uint64_t of : {0x10000, 0x20000}) {
    takes(0, of + 64);
    reads(0, 1, of);
    writes(0, 2, of);
    releases(0, of + 64);
    takes(1, of + 64);
    writes(1, 9, of);
    releases(1, of + 64);
    time_ += 1'000'000;
  }
  EXPECT_THAT(found(), ElementsAre("check-then-act on memory without a name: 1, 2"));
  EXPECT_EQ(lock_of_first(), "0x20040");
}

TEST_F(CandidatesTest, HoweverManyTheyAreThereAreNoMoreThanThereIsRoomFor) {
  // 210 places without a line, each of which reads what is written at all of the places before it.
  constexpr std::uint64_t kPlaces = 210, kFirst = kCode + 100 * 16;
  trace::FunctionSeen function{.start = kFirst, .end = kFirst + kPlaces, .name = {}};
  put_text("g", function.name);
  run_.names.follow(make_event(0, 0, function));
  const auto touch_at = [&](std::uint64_t place, std::uint16_t vcpu, bool store) {
    run_.accesses.push_back(
        {.time_ns = ++time_, .place = kFirst + place, .address = kFlag, .bytes = 4, .vcpu = vcpu, .store = store});
  };
  touch_at(0, 1, true);
  for (std::uint64_t read = 0; read < kPlaces; ++read)
    for (std::uint64_t write = 0; write < read; ++write) {
      touch_at(read, 0, false);
      touch_at(write, 0, true);
    }
  bool all = true;
  const std::vector<RaceCandidate> many = find_candidates(run_, &all);
  EXPECT_EQ(many.size(), 20'000u);
  EXPECT_EQ(to_text(many.front().others.front()), "g+0x0");
  EXPECT_FALSE(all);
  run_.accesses.resize(100);
  find_candidates(run_, &all);
  EXPECT_TRUE(all);
}

}  // namespace
}  // namespace ktstr
