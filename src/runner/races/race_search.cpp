// SPDX-License-Identifier: Apache-2.0
#include "runner/races/race_search.h"

#include <algorithm>
#include <filesystem>
#include <functional>

#include "base/log.h"
#include "races/held.h"
#include "runner/store_run.h"
#include "trace/trace_file.h"

namespace ktstr {

namespace {

constexpr EnumName<RaceOutcome> kRaceOutcomes[] = {
    {RaceOutcome::kHarmful, "harmful"},    {RaceOutcome::kDelay, "fails when delayed"},
    {RaceOutcome::kBenign, "benign"},      {RaceOutcome::kNeverMet, "never met"},
    {RaceOutcome::kNotTried, "not tried"},
};
constexpr std::uint64_t kControls = 3;
constexpr std::size_t kMostSingles = 12;
constexpr int kMostSeedsTried = 5;
constexpr double kNeverMetYet = 0.3;
constexpr std::uint64_t kRepeats = 2;  // of the one that is left

std::string kind_of(const RunRecord& record) {
  const auto failed = std::find_if(record.details.begin(), record.details.end(),
                                   [](const auto& detail) { return detail.verdict == Verdict::kFail; });
  return failed == record.details.end() ? "" : std::string(to_string(failed->kind));
}

std::string message_of_failure(const RunRecord& record) {
  const auto failed = std::find_if(record.details.begin(), record.details.end(),
                                   [](const auto& detail) { return detail.verdict == Verdict::kFail; });
  return failed == record.details.end() ? record.error : failed->message;
}

std::vector<HeldOnce> holds_in(const RunRecord& record) {
  auto held = read_holds(std::filesystem::path(record.run_dir) / kTraceFileName);
  if (held) return *std::move(held);
  log_warn("{}: {}", record.id, held.error().message());
  return {};
}

bool is_decided(const RunRecord& record) {
  return record.outcome == Outcome::kPass || record.outcome == Outcome::kFail ||
         record.outcome == Outcome::kInconclusive;
}

class Search {
 public:
  Search(const RunRequest& request, const RaceSearchOptions& options) : request_(request), options_(options) {}

  RaceSearch all() {
    if (watch()) {
      while (goes_on() && try_some()) {
      }
      for (TriedRace& race : result_.races) conclude(race);
    }
    result_.interrupted = is_interrupted();
    return std::move(result_);
  }

 private:
  // With the first seed that it passes with.
  bool watch() {
    RunRequest request = request_;
    request.watch_memory = true;
    for (int i = 0; i < kMostSeedsTried; ++i, ++request.settings.seed) {
      result_.watched = options_.run(request);
      if (result_.watched.outcome != Outcome::kFail) break;
      result_.failed_unforced.emplace_back(result_.watched.id, request.settings.seed);
    }
    if (result_.watched.outcome != Outcome::kPass && result_.watched.outcome != Outcome::kInconclusive) {
      result_.why_not = "the test does not pass as it is";
      return false;
    }
    seeds_.push_back(request.settings.seed);
    auto watched = read_watched_run(std::filesystem::path(result_.watched.run_dir) / kTraceFileName);
    if (!watched) {
      result_.why_not = watched.error().message();
      return false;
    }
    result_.accesses = watched->accesses.size();
    result_.all_accesses = watched->all;
    for (RaceCandidate& candidate : find_candidates(*watched))
      result_.races.push_back({.candidate = std::move(candidate)});
    return true;
  }

  bool is_interrupted() const { return options_.pool.interrupted && options_.pool.interrupted(); }

  bool goes_on() const {
    if (is_interrupted()) return false;
    return result_.runs < options_.most_runs && !(options_.first_only && result_.harmful() != 0);
  }

  RunRequest forced(const std::vector<PlannedHold>& holds, std::uint64_t seed) const {
    RunRequest request = request_;
    request.schedule = to_text(holds);
    request.settings.seed = seed;
    if (options_.repeat_command) request.repeat_command = options_.repeat_command(request);
    return request;
  }

  // What the next run of a candidate is worth: less with each that found nothing, and where nobody could come between.
  static double worth(const TriedRace& race) {
    double worth = race.candidate.score / static_cast<double>(1 + race.runs);
    if (race.outcome == RaceOutcome::kNeverMet) worth *= kNeverMetYet;
    return worth;
  }

  // As many as run at once, each the most promising of those that are left. False: none is.
  bool try_some() {
    std::vector<TriedRace*> due;
    for (TriedRace& race : result_.races)
      if (race.outcome != RaceOutcome::kHarmful && race.runs < tries_) due.push_back(&race);
    std::stable_sort(due.begin(), due.end(), [](const auto* a, const auto* b) { return worth(*a) > worth(*b); });
    const auto jobs = static_cast<std::uint64_t>(std::max(1, options_.pool.jobs));
    due.resize(std::min({due.size(), jobs, options_.most_runs - result_.runs}));
    std::vector<std::uint64_t> seeds;
    for (const TriedRace* race : due) {
      const auto seed = seed_for(race->runs);
      if (!seed) return true;  // those that have had all seeds are not due any more
      seeds.push_back(*seed);
    }
    if (due.empty()) return false;
    const auto job = [&](std::uint64_t index) {
      return PoolJob{ram_of(request_), [this, &due, &seeds, index] {
                       return options_.run(forced(due[index]->candidate.holds, seeds[index]));
                     }};
    };
    run_pool(due.size(), job, options_.pool, [&](std::uint64_t index, const RunRecord& record) {
      take(*due[index], record, seeds[index]);
      return goes_on();
    });
    return true;
  }

  // The first is that of the watched run, in which all places are come to. With all of them the test passes where
  // nobody is held, so that a failure is the hold's doing.
  std::optional<std::uint64_t> seed_for(std::uint64_t round) {
    for (int i = 0; seeds_.size() <= round && i < kMostSeedsTried; ++i) {
      const std::uint64_t seed = next_seed_ == 0 ? seeds_.front() + 1 : next_seed_;
      next_seed_ = seed + 1;
      const RunRecord record = options_.run(forced({}, seed));
      ++result_.runs;
      if (record.outcome == Outcome::kPass || record.outcome == Outcome::kInconclusive) seeds_.push_back(seed);
      if (record.outcome == Outcome::kFail)
        result_.failed_unforced.emplace_back(record.id, seed);
      else
        remove_run(record);
    }
    if (round < seeds_.size()) return seeds_[round];
    tries_ = seeds_.size();  // the same run again would say nothing
    return std::nullopt;
  }

  void take(TriedRace& race, const RunRecord& record, std::uint64_t seed) {
    ++result_.runs;
    ++race.runs;
    if (!is_decided(record)) {
      log_warn("a forced run came to nothing: {}", record.error);
      return;
    }
    const std::vector<HeldOnce> holds = holds_in(record);
    const bool met = std::any_of(holds.begin(), holds.end(), std::mem_fn(&HeldOnce::is_met));
    if (met) ++race.met;
    const bool failed = record.outcome == Outcome::kFail;
    if (failed) {
      ++race.failed;
      race.runs_that_failed.push_back(record.id);
      const bool is_first = !race.failure || (met && race.outcome != RaceOutcome::kHarmful);
      if (is_first) remember(race, record, seed, to_text(race.candidate.holds));
      if (is_first) last_holds_[&race] = holds;
      if (race.outcome != RaceOutcome::kHarmful) race.outcome = met ? RaceOutcome::kHarmful : RaceOutcome::kDelay;
    } else if (race.outcome == RaceOutcome::kNotTried || race.outcome == RaceOutcome::kNeverMet) {
      race.outcome = met ? RaceOutcome::kBenign : RaceOutcome::kNeverMet;
    }
    if (!failed) remove_run(record);
  }

  static void remember(TriedRace& race, const RunRecord& record, std::uint64_t seed, std::string schedule) {
    race.failure = ForcedFailure{.run = record.id,
                                 .seed = seed,
                                 .schedule = std::move(schedule),
                                 .kind = kind_of(record),
                                 .message = message_of_failure(record),
                                 .digest = record.digest,
                                 .replay_command = record.replay_command,
                                 .repeat_command = record.repeat_command};
  }

  RunRecord run_again(TriedRace& race, const std::vector<PlannedHold>& holds) {
    ++result_.runs;
    return options_.run(forced(holds, race.failure->seed));
  }

  // A failure is a race's doing only where the same run fails again, and where the delay alone does not do it; then
  // with as few holds as may be.
  void conclude(TriedRace& race) {
    if (race.outcome != RaceOutcome::kHarmful || is_interrupted()) return;
    if (control(race)) {
      race.outcome = RaceOutcome::kDelay;
      return;
    }
    shorten(race);
    const auto schedule = parse_schedule(race.failure->schedule);
    for (std::uint64_t i = 0; schedule && i < kRepeats && !is_interrupted(); ++i) {
      const RunRecord record = run_again(race, *schedule);
      if (!is_decided(record)) continue;
      ++race.repeats;
      if (record.digest == race.failure->digest) ++race.repeated;
      remove_run(record);
    }
  }

  // Whether the run with these holds alone fails the same way; it is the race's failure then.
  bool still_fails(TriedRace& race, const std::vector<PlannedHold>& holds) {
    if (is_interrupted()) return false;
    const RunRecord record = run_again(race, holds);
    if (record.outcome == Outcome::kFail && kind_of(record) == race.failure->kind) {
      remember(race, record, race.failure->seed, to_text(holds));
      return true;
    }
    remove_run(record);
    return false;
  }

  // Holds CPUs as long, but before the first access of the two. True: that fails as well.
  bool control(TriedRace& race) {
    std::vector<PlannedHold> holds = race.candidate.holds;
    for (PlannedHold& hold : holds) hold.second = hold.first;
    for (std::uint64_t round = 0; round < kControls; ++round) {
      const auto seed = seed_for(round);
      if (!seed || is_interrupted()) break;
      const RunRecord record = options_.run(forced(holds, *seed));
      ++result_.runs;
      if (!is_decided(record)) continue;
      ++race.controls;
      if (record.outcome == Outcome::kFail && kind_of(record) == race.failure->kind) ++race.controls_failed;
      remove_run(record);
    }
    return race.controls != 0 && race.controls_failed == race.controls;
  }

  // One place of the code where one is enough, then the last of its holds that matters, then the first. A run without
  // those after the last is the same up to there, so that the last is found by halving.
  void shorten(TriedRace& race) {
    const std::vector<HeldOnce> held = last_holds_[&race];
    const auto last_met = std::find_if(held.rbegin(), held.rend(), std::mem_fn(&HeldOnce::is_met));
    if (last_met == held.rend() || last_met->hold >= race.candidate.holds.size()) return;
    PlannedHold hold = race.candidate.holds[last_met->hold];
    if (race.candidate.holds.size() > 1 && !still_fails(race, {hold})) return;
    const auto between = [&](std::uint32_t from, std::uint32_t to) {
      PlannedHold part = hold;
      part.from = from;
      part.to = to;
      return still_fails(race, {part});
    };
    std::uint32_t fails = 1;  // the last of so many
    for (const HeldOnce& one : held)
      if (one.hold == last_met->hold) fails = std::max(fails, one.times);
    std::uint32_t passes = 0;
    while (passes + 1 < fails) {
      const std::uint32_t middle = passes + (fails - passes) / 2;
      (between(1, middle) ? fails : passes) = middle;
    }
    // Alone it may do it too, or another one that was met.
    std::size_t tried = 0;
    for (auto one = held.rbegin(); one != held.rend() && tried < kMostSingles; ++one)
      if (one->hold == last_met->hold && one->is_met() && one->times <= fails) {
        ++tried;
        if (between(one->times, one->times)) return;
      }
    // Without one of the first all that follows is another run: the fewest of the last that still do it.
    for (std::uint32_t few = 2; few < fails; few *= 2)
      if (between(fails - few + 1, fails)) return;
    between(1, fails);
  }

  const RunRequest& request_;
  const RaceSearchOptions& options_;
  RaceSearch result_;
  std::vector<std::uint64_t> seeds_;      // that the test passes with
  std::uint64_t next_seed_ = 0;           // to be looked at; 0: none was
  std::uint64_t tries_ = options_.tries;  // of each candidate
  std::map<const TriedRace*, std::vector<HeldOnce>> last_holds_;
};

}  // namespace

EnumNames<RaceOutcome> names_of(RaceOutcome) { return names_from<kRaceOutcomes>(); }

std::uint64_t RaceSearch::harmful() const {
  return static_cast<std::uint64_t>(std::count_if(
      races.begin(), races.end(), [](const TriedRace& one) { return one.outcome == RaceOutcome::kHarmful; }));
}

RaceSearch search_races(const RunRequest& request, const RaceSearchOptions& options) {
  return Search(request, options).all();
}

}  // namespace ktstr
