// SPDX-License-Identifier: Apache-2.0
//
// A failure under holds, reported with as little as makes it fail: the test is cut down, and fewer CPUs are held.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "runner/races/made_run.h"
#include "runner/runner.h"
#include "trace/probes/holds.h"

namespace ktstr {

struct ShortRace {
  RunRequest test;  // of which the run is
  MadeRun failure;
};

// What the search lends: `make` makes one run of a test with these holds and this seed.
struct ShortenTools {
  std::function<MadeRun(const RunRequest& test, const std::vector<PlannedHold>& holds, std::uint64_t seed)> make;
  // The same test with less in it, each ready to be run; not set: it is left as it is.
  std::function<std::vector<RunRequest>(const RunRequest& test)> smaller;
  // Seeds with which the whole test passes, the first of them for round 0; none: there are no more.
  std::function<std::optional<std::uint64_t>(std::uint64_t round)> seed_for;
  std::function<bool()> interrupted;
};

// Fails the same way as `race`: with the same kind of finding, and with a seed with which its test passes where no CPU
// is held.
ShortRace shorten_race(ShortRace race, const ShortenTools& tools);

}  // namespace ktstr
