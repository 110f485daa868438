// SPDX-License-Identifier: Apache-2.0
#include "runner/races/shorten_race.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace ktstr {
namespace {

// A test whose runs are decided by the holds, the seed and the text of the scenario alone. At each place a CPU arrives
// ten times, and another one comes between each time.
class ShortenRaceTest : public testing::Test {
 protected:
  ShortenRaceTest() {
    tools_.make = [this](const RunRequest& test, const std::vector<PlannedHold>& holds, std::uint64_t seed) {
      return made(test, holds, seed);
    };
    tools_.seed_for = [](std::uint64_t round) { return std::optional<std::uint64_t>(round + 1); };
    tools_.interrupted = [] { return false; };
  }

  MadeRun made(const RunRequest& test, const std::vector<PlannedHold>& holds, std::uint64_t seed) {
    MadeRun run{.schedule = to_text(holds), .seed = seed, .decided = true, .kind = "stuck"};
    std::vector<std::string> held;  // "f 3"
    for (std::uint32_t i = 0; i < holds.size(); ++i)
      for (std::uint32_t times = 1; times <= 10; ++times)
        if (times >= holds[i].from && times <= holds[i].to) {
          run.holds.push_back({.hold = i, .times = times, .end = control::HoldChange::kMet});
          held.push_back(holds[i].first.function + " " + std::to_string(times));
        }
    run.failed = fails_(test.scenario_text, held, seed);
    return run;
  }

  ShortRace shortened(const std::string& schedule, const std::string& text = "whole") {
    RunRequest test{.settings = {}, .scenario_text = text};
    return shorten_race({.test = test, .failure = made(test, *parse_schedule(schedule), 1)}, tools_);
  }

  static bool has(const std::vector<std::string>& held, const std::string& one) {
    return std::find(held.begin(), held.end(), one) != held.end();
  }

  ShortenTools tools_;
  std::function<bool(const std::string& test, const std::vector<std::string>& held, std::uint64_t seed)> fails_;
};

constexpr const char* kThreePlaces =
    "f+0x1 to f+0x2 until write; g+0x1 to g+0x2 until write; h+0x1 to h+0x2 until write";

TEST_F(ShortenRaceTest, OneHoldAtOnePlace) {
  fails_ = [](const auto&, const auto& held, auto) { return has(held, "g 4"); };
  EXPECT_EQ(shortened(kThreePlaces).failure.schedule, "g+0x1 to g+0x2 until write times 4");
}

TEST_F(ShortenRaceTest, TwoPlacesThatAreBothNeeded) {
  fails_ = [](const auto&, const auto& held, auto) { return has(held, "f 4") && has(held, "h 2"); };
  EXPECT_EQ(shortened(kThreePlaces).failure.schedule,
            "f+0x1 to f+0x2 until write times 4; h+0x1 to h+0x2 until write times 2");
}

TEST_F(ShortenRaceTest, AFewInARow) {
  fails_ = [](const auto&, const auto& held, auto) { return has(held, "f 4") && has(held, "f 5"); };
  EXPECT_EQ(shortened("f+0x1 to f+0x2 until write").failure.schedule, "f+0x1 to f+0x2 until write times 4-5");
}

TEST_F(ShortenRaceTest, AnotherSeedThatNeedsFewer) {
  fails_ = [](const auto&, const auto& held, auto seed) { return seed == 2 ? has(held, "f 7") : held.size() >= 9; };
  const ShortRace race = shortened("f+0x1 to f+0x2 until write");
  EXPECT_EQ(race.failure.schedule, "f+0x1 to f+0x2 until write times 7");
  EXPECT_EQ(race.failure.seed, 2u);
}

// The holds would be blamed for what they do not do.
TEST_F(ShortenRaceTest, NoSeedThatFailsWithNobodyHeld) {
  fails_ = [](const auto&, const auto& held, auto seed) { return seed == 2 || held.size() >= 9; };
  EXPECT_EQ(shortened("f+0x1 to f+0x2 until write").failure.seed, 1u);
}

TEST_F(ShortenRaceTest, ATestIsCutDownAsLongAsItFailsForcedAndPassesOtherwise) {
  tools_.smaller = [](const RunRequest& test) {
    std::vector<RunRequest> all;
    for (const char* cut : {"nothing left", "broken", "half", "quarter"}) {
      RunRequest one = test;
      one.scenario_text = cut;
      all.push_back(std::move(one));
    }
    return all;
  };
  fails_ = [](const std::string& test, const auto& held, auto) {
    return test == "broken" || (test != "nothing left" && !held.empty());
  };
  const ShortRace race = shortened("f+0x1 to f+0x2 until write");
  EXPECT_EQ(race.test.scenario_text, "half");
  EXPECT_TRUE(race.failure.failed);
}

TEST_F(ShortenRaceTest, NoSeedThatTheTestThatIsLeftFailsWith) {
  tools_.smaller = [](const RunRequest& test) {
    std::vector<RunRequest> all;
    if (test.scenario_text == "whole") all.assign(1, test);
    for (RunRequest& one : all) one.scenario_text = "half";
    return all;
  };
  fails_ = [](const std::string& test, const auto& held, auto seed) {
    return held.size() >= 9 || (test == "half" && seed == 2);
  };
  const ShortRace race = shortened("f+0x1 to f+0x2 until write");
  EXPECT_EQ(race.test.scenario_text, "half");
  EXPECT_EQ(race.failure.seed, 1u) << "the whole test passes with seed 2, and this one does not";
}

TEST_F(ShortenRaceTest, AnotherFailureIsNotTheSame) {
  fails_ = [](const auto&, const auto&, auto) { return true; };
  tools_.make = [this](const RunRequest& test, const std::vector<PlannedHold>& holds, std::uint64_t seed) {
    MadeRun run = made(test, holds, seed);
    run.kind = "other";
    return run;
  };
  EXPECT_EQ(shortened("f+0x1 to f+0x2 until write").failure.schedule, "f+0x1 to f+0x2 until write");
}

}  // namespace
}  // namespace ktstr
