// SPDX-License-Identifier: Apache-2.0
#include "runner/races/shorten_race.h"

#include <algorithm>
#include <functional>

namespace ktstr {

namespace {

constexpr std::uint64_t kMostSmaller = 8;       // runs of tests that are cut down
constexpr std::size_t kMostSingles = 12;        // holds that are tried alone
constexpr std::uint32_t kShort = 3;             // holds: such a schedule can be read as a story
constexpr std::uint32_t kMostStretches = 8;     // of so few holds in a row, that are tried
constexpr std::uint64_t kMostSeedsOfStory = 5;  // with which a story of few holds is looked for

class Shortener {
 public:
  Shortener(ShortRace race, const ShortenTools& tools) : race_(std::move(race)), tools_(tools) {}

  ShortRace all() {
    cut_down();
    const std::vector<PlannedHold> places = few_places();
    if (places.empty()) return std::move(race_);
    shorten_times(places);
    try_other_seeds(places);
    return std::move(race_);
  }

 private:
  std::vector<PlannedHold> schedule() const {
    auto parsed = parse_schedule(race_.failure.schedule);
    return parsed ? *std::move(parsed) : std::vector<PlannedHold>();
  }

  bool passes_unforced(const RunRequest& test, std::uint64_t seed) {
    const MadeRun run = tools_.make(test, {}, seed);
    return run.decided && !run.failed;
  }

  // The run fails the same way; it is the failure then.
  bool still_fails(const RunRequest& test, const std::vector<PlannedHold>& holds, std::uint64_t seed) {
    if (tools_.interrupted()) return false;
    MadeRun run = tools_.make(test, holds, seed);
    if (!run.failed || run.kind != race_.failure.kind) return false;
    race_.failure = std::move(run);
    return true;
  }
  bool still_fails(const std::vector<PlannedHold>& holds) { return still_fails(race_.test, holds, race_.failure.seed); }

  void cut_down() {
    if (!tools_.smaller) return;
    const std::vector<PlannedHold> holds = schedule();
    std::uint64_t made = 0;
    for (bool any = true; any && made < kMostSmaller;) {
      any = false;
      for (RunRequest& smaller : tools_.smaller(race_.test)) {
        if (made == kMostSmaller || tools_.interrupted()) return;
        ++made;
        const MadeRun before = race_.failure;
        if (!still_fails(smaller, holds, before.seed)) continue;
        if (!passes_unforced(smaller, before.seed)) {
          race_.failure = before;
          continue;
        }
        race_.test = std::move(smaller);
        any = true;
        break;
      }
    }
  }

  // As few places of the code as will do.
  std::vector<PlannedHold> few_places() {
    std::vector<PlannedHold> places = schedule();
    if (places.size() > 1) {
      const std::vector<HeldOnce>& held = race_.failure.holds;
      const auto last_met = std::find_if(held.rbegin(), held.rend(), std::mem_fn(&HeldOnce::is_met));
      if (last_met != held.rend() && last_met->hold < places.size() && still_fails({places[last_met->hold]}))
        return schedule();
    }
    for (std::size_t i = places.size(); i-- > 0 && places.size() > 1;) {
      std::vector<PlannedHold> without = places;
      without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
      if (still_fails(without)) places = std::move(without);
    }
    return places;
  }

  // As few of the times that a CPU is held at each of them.
  void shorten_times(std::vector<PlannedHold> places) {
    for (std::size_t i = places.size(); i-- > 0;) narrow(places, i);
  }

  // What needs many holds with one seed may need few with another.
  void try_other_seeds(const std::vector<PlannedHold>& places) {
    for (std::uint64_t round = 0; round < kMostSeedsOfStory && race_.failure.holds.size() > kShort; ++round) {
      const auto seed = tools_.seed_for(round);
      if (!seed || *seed == race_.failure.seed || !passes_unforced(race_.test, *seed)) continue;
      const MadeRun shortest = race_.failure;
      if (!still_fails(race_.test, places, *seed)) continue;
      shorten_times(places);
      if (race_.failure.holds.size() >= shortest.holds.size()) race_.failure = shortest;
    }
  }

  // The last of the holds at place `number` that matters, then the first. A run without those after the last is the
  // same up to there, so that the last is found by halving.
  void narrow(std::vector<PlannedHold>& places, std::size_t number) {
    const std::vector<HeldOnce> held = race_.failure.holds;
    const auto between = [&](std::uint32_t from, std::uint32_t to) {
      std::vector<PlannedHold> part = places;
      part[number].from = from;
      part[number].to = to;
      if (!still_fails(part)) return false;
      places = std::move(part);
      return true;
    };
    std::uint32_t fails = 1;  // the last of so many
    for (const HeldOnce& one : held)
      if (one.hold == number) fails = std::max(fails, one.times);
    std::uint32_t passes = 0;
    while (passes + 1 < fails) {
      const std::uint32_t middle = passes + (fails - passes) / 2;
      (between(1, middle) ? fails : passes) = middle;
    }
    // Alone it may do it too, or another one that was met.
    std::size_t tried = 0;
    for (auto one = held.rbegin(); one != held.rend() && tried < kMostSingles; ++one)
      if (one->hold == number && one->is_met() && one->times <= fails) {
        ++tried;
        if (between(one->times, one->times)) return;
      }
    // Without one of the first all that follows is another run: a few in a row may do it anywhere.
    for (std::uint32_t few = 2; few <= kShort && few < fails; ++few)
      for (std::uint32_t back = 0; back < kMostStretches && fails - back >= few; ++back)
        if (between(fails - back - few + 1, fails - back)) return;
    for (std::uint32_t few = kShort + 1; few < fails; few *= 2)
      if (between(fails - few + 1, fails)) return;
    if (places[number].to != fails) between(1, fails);
  }

  ShortRace race_;
  const ShortenTools& tools_;
};

}  // namespace

ShortRace shorten_race(ShortRace race, const ShortenTools& tools) { return Shortener(std::move(race), tools).all(); }

}  // namespace ktstr
