// SPDX-License-Identifier: Apache-2.0
#include "runner/races/race_search.h"

#include <gmock/gmock.h>

#include "base/file.h"
#include "trace/trace_file.h"

namespace ktstr {
namespace {

using control::HoldChange;

constexpr std::uint64_t kSearched = 0xffffffffa0000000, kSearchedFlag = 0xffffc90000001000;

// A test whose only candidate is "f+0x10 to f+0x20"; what its runs come to is said by the test.
class RaceSearchTest : public testing::Test {
 protected:
  RaceSearchTest() : dir_(*TempDir::create(fs::temp_directory_path(), "race-search")) {
    request_.settings.test = "t";
    request_.scheduler = "scx";
    options_.most_runs = 20;
    options_.run = [this](const RunRequest& request) { return run_one(request); };
  }

  RaceSearch search() { return search_races(request_, options_); }
  const TriedRace& only(const RaceSearch& found) {
    EXPECT_EQ(found.races.size(), 1u);
    return found.races.at(0);
  }

  RunRecord run_one(const RunRequest& request) {
    RunRecord record;
    record.id = "run-" + std::to_string(++runs_);
    record.run_dir = (dir_.path() / record.id).string();
    fs::create_directories(record.run_dir);
    auto writer = *TraceWriter::create(fs::path(record.run_dir) / kTraceFileName, {.kernel = "7", .cpus = 2});
    trace::FunctionSeen function{.start = kSearched, .end = kSearched + 0x100, .name = {}};
    put_text("f", function.name);
    writer.add(make_event(0, 0, function));
    if (request.watch_memory) {
      if (locked_) locks(writer, trace::LockUse::kWanted), locks(writer, trace::LockUse::kTaken);
      touch(writer, 0, 0x10, control::kStore * 0);
      touch(writer, 0, 0x20, control::kStore);
      if (locked_) locks(writer, trace::LockUse::kReleased);
      if (locked_) locks(writer, trace::LockUse::kWanted, 1), locks(writer, trace::LockUse::kTaken, 1);
      touch(writer, 1, 0x30, control::kStore);
    }
    const bool holds_first = request.schedule.find("f+0x10 to f+0x20") != std::string::npos;
    if (request.watch_memory && holds_first && leads_on_) {
      touch(writer, 0, 0x40, control::kStore * 0, kSearchedFlag + 8);
      touch(writer, 0, 0x50, control::kStore, kSearchedFlag + 8);
      touch(writer, 1, 0x60, control::kStore, kSearchedFlag + 8);
    }
    const bool holds_both = holds_first && request.schedule.find("f+0x40 to f+0x50") != std::string::npos;
    const bool is_control = request.schedule.starts_with("f+0x10 to f+0x10");
    if (!request.schedule.empty()) {
      held(writer, HoldChange::kBegins);
      held(writer, meets_ ? HoldChange::kMet : HoldChange::kTooLong);
    }
    EXPECT_TRUE(writer.finish());
    record.outcome = Outcome::kPass;
    if (request.schedule.empty() ? request.settings.seed < passes_from_
        : is_control             ? control_fails_ && ++controls_ <= controls_that_fail_
                                 : forced_fails_ || (leads_on_ && holds_both))
      record.outcome = Outcome::kFail;
    if (!request.schedule.empty() && forced_is_lost_) record.outcome = Outcome::kInfrastructure;
    if (record.outcome == Outcome::kFail) record.details = {{.verdict = Verdict::kFail, .kind = DetailKind::kStuck}};
    record.digest = request.schedule;
    record.tuple.inputs["scenario"] = scenario_hash_;
    return record;
  }
  static void touch(TraceWriter& writer, std::uint16_t cpu, std::uint64_t offset, std::uint64_t how,
                    std::uint64_t address = kSearchedFlag) {
    trace::Access access{.place = kSearched + offset, .address = address, .how = static_cast<std::uint32_t>(4 | how)};
    // What is not searched first lies too far from it to go together with it.
    writer.add(make_event(address == kSearchedFlag ? 10 : 200'010, cpu, access));
  }
  static void locks(TraceWriter& writer, std::uint32_t change, std::uint16_t cpu = 0) {
    const std::uint64_t value = change == trace::LockUse::kTaken ? 0 : kSearchedFlag + 64;
    writer.add(make_event(10, cpu, trace::LockUse{.function = 1, .change = change, .value = value}));
  }
  static void held(TraceWriter& writer, HoldChange change) {
    writer.add(make_event(300'000, 0, trace::Held{.change = static_cast<std::uint32_t>(change), .times = 1}));
  }

  TempDir dir_;
  RunRequest request_;
  RaceSearchOptions options_;
  int runs_ = 0;
  std::string last_text_;  // of the test
  std::string scenario_hash_;
  std::uint64_t passes_from_ = 0;  // the seed from which on the test passes
  bool meets_ = true, forced_fails_ = false, control_fails_ = false, forced_is_lost_ = false;
  int controls_ = 0, controls_that_fail_ = 100;
  bool locked_ = false;    // all of it happens under one lock
  bool leads_on_ = false;  // a run that is held at the candidate comes to "f+0x40 to f+0x50", where it fails held too
};

// A delay may hit the race too: only where it always does is it the delay's doing.
TEST_F(RaceSearchTest, AfterThreeControlsThatFailMoreAreMade) {
  forced_fails_ = control_fails_ = true;
  controls_that_fail_ = 4;
  const RaceSearch found = search();
  EXPECT_EQ(only(found).outcome, RaceOutcome::kHarmful);
  EXPECT_EQ(only(found).controls, 5u);
  EXPECT_EQ(only(found).controls_failed, 4u);
  controls_that_fail_ = 100;
  const RaceSearch again = search();
  EXPECT_EQ(only(again).outcome, RaceOutcome::kDelay);
  EXPECT_EQ(only(again).controls, 8u);
}

TEST_F(RaceSearchTest, AFailureInWhichAnotherCameBetweenIsHarmfulAndRepeated) {
  forced_fails_ = true;
  const RaceSearch found = search();
  const TriedRace& race = only(found);
  EXPECT_EQ(race.outcome, RaceOutcome::kHarmful);
  EXPECT_EQ(found.harmful(), 1u);
  EXPECT_EQ(race.failure->kind, "stuck");
  EXPECT_EQ(race.failure->schedule, "f+0x10 to f+0x20 until write times 1") << "as short as may be";
  EXPECT_EQ(race.repeats, 2u);
  EXPECT_EQ(race.repeated, 2u);
  EXPECT_EQ(race.controls, 3u);
}

TEST_F(RaceSearchTest, AFailureInWhichNobodyCameBetweenIsTheDelays) {
  forced_fails_ = true;
  meets_ = false;
  const RaceSearch found = search();
  EXPECT_EQ(only(found).outcome, RaceOutcome::kDelay);
  EXPECT_EQ(found.harmful(), 0u);
}

TEST_F(RaceSearchTest, SoIsOneThatTheControlShowsToo) {
  forced_fails_ = control_fails_ = true;
  EXPECT_EQ(only(search()).outcome, RaceOutcome::kDelay);
}

TEST_F(RaceSearchTest, WhatPassesIsBenignOrWasNeverMet) {
  RaceSearch found = search();
  EXPECT_EQ(only(found).outcome, RaceOutcome::kBenign);
  EXPECT_EQ(only(found).runs, 3u);
  meets_ = false;
  EXPECT_EQ(only(search()).outcome, RaceOutcome::kNeverMet);
}

TEST_F(RaceSearchTest, WhatALockKeepsOutIsNotTried) {
  locked_ = forced_fails_ = true;
  const RaceSearch found = search();
  EXPECT_EQ(only(found).outcome, RaceOutcome::kLocked);
  EXPECT_EQ(found.tries, 0u);
  EXPECT_EQ(found.runs, 1u);
}

TEST_F(RaceSearchTest, RunsThatCameToNothingSayNothing) {
  forced_is_lost_ = true;
  const RaceSearch found = search();
  EXPECT_EQ(only(found).outcome, RaceOutcome::kNotTried);
  EXPECT_EQ(only(found).met, 0u);
}

TEST_F(RaceSearchTest, ATestIsWatchedWithASeedThatItPassesWith) {
  request_.settings.seed = 1;
  passes_from_ = 3;
  const RaceSearch found = search();
  EXPECT_EQ(found.failed_unforced.size(), 2u);
  EXPECT_EQ(only(found).outcome, RaceOutcome::kBenign);
  passes_from_ = 1000;
  EXPECT_EQ(search().why_not, "the test does not pass as it is");
}

TEST_F(RaceSearchTest, NoMoreRunsThanWereWanted) {
  options_.most_runs = 1;
  RaceSearch found = search();
  EXPECT_EQ(found.tries, 1u);
  EXPECT_EQ(found.runs, 2u) << "one was watched";
  options_.until = std::chrono::steady_clock::now();
  found = search();
  EXPECT_EQ(found.tries, 0u);
  EXPECT_EQ(only(found).outcome, RaceOutcome::kNotTried);
}

TEST_F(RaceSearchTest, WhatOnlyAForcedRunComesToIsTriedUnderItsHolds) {
  leads_on_ = true;
  const RaceSearch found = search();
  ASSERT_EQ(found.races.size(), 2u);
  EXPECT_EQ(found.races[0].outcome, RaceOutcome::kBenign);
  const TriedRace& race = found.races[1];
  EXPECT_EQ(race.outcome, RaceOutcome::kHarmful);
  EXPECT_EQ(to_text(race.candidate.holds), "f+0x40 to f+0x50 until write");
  EXPECT_EQ(to_text(race.under), "f+0x10 to f+0x20 until write");
  EXPECT_EQ(race.failure->schedule, "f+0x40 to f+0x50 until write times 1; f+0x10 to f+0x20 until write times 1")
      << "both are needed";
  EXPECT_EQ(found.runs_to_first(), race.found_after);
  EXPECT_GT(race.found_after, 2u);
}

TEST_F(RaceSearchTest, TheFirstHarmfulOneEndsTheSearchAndNotOneThatTheControlShowsToo) {
  options_.first_only = true;
  forced_fails_ = control_fails_ = true;
  RaceSearch found = search();
  EXPECT_EQ(found.harmful(), 0u);
  EXPECT_EQ(found.runs_to_first(), 0u);
  control_fails_ = false;
  found = search();
  EXPECT_EQ(only(found).runs, 1u);
  EXPECT_EQ(found.runs_to_first(), 2u);
}

TEST_F(RaceSearchTest, ATestIsCutDownAsLongAsItFailsForcedAndPassesOtherwise) {
  forced_fails_ = true;
  options_.smaller = [](const RunRequest& request) {
    std::vector<RunRequest> smaller(2, request);
    smaller[0].scenario_text += "nothing left";
    smaller[1].scenario_text += "-";
    return smaller;
  };
  options_.run = [this](const RunRequest& request) {
    RunRecord record = run_one(request);
    if (request.scenario_text.ends_with("nothing left") || request.scenario_text.size() > 2)
      record.outcome = Outcome::kPass;
    last_text_ = request.scenario_text;
    return record;
  };
  const RaceSearch found = search();
  EXPECT_TRUE(only(found).smaller_test);
  EXPECT_EQ(last_text_, "--") << "the runs that repeat it are of that test";
  EXPECT_EQ(only(found).repeated, 2u);
}

TEST_F(RaceSearchTest, GoesOnWhereAnEarlierSearchStopped) {
  options_.made_runs_dir = dir_.path() / "races";
  options_.most_runs = 2;
  EXPECT_EQ(search().remembered, 0u);
  options_.most_runs = 3;
  options_.resume = true;
  const int made = runs_;
  const RaceSearch found = search();
  EXPECT_EQ(only(found).runs, 3u);
  EXPECT_EQ(only(found).met, 3u);
  EXPECT_EQ(found.remembered, 3u) << "two that were forced, and one that says whether another seed passes";
  EXPECT_EQ(runs_ - made, static_cast<int>(found.runs - found.remembered));
  scenario_hash_ = "another limit of a check";
  EXPECT_EQ(search().remembered, 0u) << "its runs were judged by something else";
  scenario_hash_.clear();
  options_.resume = false;
  EXPECT_EQ(search().remembered, 0u);
}

}  // namespace
}  // namespace ktstr
