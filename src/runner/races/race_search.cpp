// SPDX-License-Identifier: Apache-2.0
#include "runner/races/race_search.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>

#include "base/hash.h"
#include "base/log.h"
#include "runner/races/shorten_race.h"
#include "runner/store_run.h"
#include "trace/trace_file.h"

namespace ktstr {

namespace {

constexpr EnumName<RaceOutcome> kRaceOutcomes[] = {
    {RaceOutcome::kHarmful, "harmful"},    {RaceOutcome::kDelay, "fails when delayed"},
    {RaceOutcome::kBenign, "benign"},      {RaceOutcome::kNeverMet, "never met"},
    {RaceOutcome::kNotTried, "not tried"}, {RaceOutcome::kLocked, "protected by a lock"},
};
// More of them where all fail: a race may be hit by a delay as well, in most runs, and is none of the delay then.
constexpr std::uint64_t kControls = 3, kMostControls = 8;
constexpr int kMostSeedsTried = 5;
constexpr double kNeverMetYet = 0.3;
constexpr std::uint64_t kRepeats = 2;  // of the one that is left
constexpr int kMostDepth = 2;          // of candidates that came up under holds of another
// An atomic operation fails where the value is another one. Where it must not notice, the value has to be what it was:
// so often others touch it, try by try.
constexpr std::uint32_t kCountsOfAtomic[] = {3, 2, 4, 6};

bool passes(const RunRecord& record) {
  return record.outcome == Outcome::kPass || record.outcome == Outcome::kInconclusive;
}

class Search {
 public:
  Search(const RunRequest& request, const RaceSearchOptions& options) : request_(request), options_(options) {}

  RaceSearch all() {
    if (watch()) {
      bool any = true;
      while (any && goes_on()) {
        any = try_some();
        for (std::size_t i = 0; i < result_.races.size(); ++i) conclude(i);
        for (Follower& follower : followers_) add(std::move(follower.race), follower.depth);
        followers_.clear();
      }
    }
    result_.interrupted = is_interrupted();
    return std::move(result_);
  }

 private:
  // What only the search needs to know of a candidate.
  struct State {
    int depth = 0;
    bool concluded = false;
    bool looked_further = false;
  };
  struct Follower {
    TriedRace race;
    int depth = 0;
  };

  // What is remembered is of the whole test.
  bool may_remember(const RunRequest& request) const {
    return made_runs_ && request.scenario_text == request_.scenario_text;
  }

  std::optional<MadeRun> remembered(const RunRequest& request) const {
    if (!may_remember(request)) return std::nullopt;
    auto run = made_runs_->find(request.schedule, request.settings.seed);
    // What it has come to may have to be looked at once more. And a failure is of use only where its run is kept.
    if (run && request.watch_memory && !run->failed && !run->nothing_new) return std::nullopt;
    if (run && run->failed && !std::filesystem::exists(run->run_dir)) return std::nullopt;
    return run;
  }

  void keep(const RunRequest& request, const MadeRun& run) {
    if (!may_remember(request) || !run.decided || is_interrupted()) return;
    if (const Status kept = made_runs_->add(run); !kept)
      log_warn("--resume will not know this run: {}", kept.error().message());
  }

  // Its directory stays where it failed.
  MadeRun make(const RunRequest& request) {
    if (auto known = remembered(request)) {
      ++result_.runs;
      ++result_.remembered;
      return *std::move(known);
    }
    MadeRun run = make_anew(request);
    keep(request, run);
    return run;
  }
  MadeRun make_anew(const RunRequest& request) {
    ++result_.runs;
    const RunRecord record = options_.run(request);
    MadeRun run = summed_up(record, request.schedule, request.settings.seed);
    if (!run.failed) remove_run(record);
    return run;
  }

  // With the first seed that it passes with.
  bool watch() {
    RunRequest request = request_;
    request.watch_memory = request.watch_kernel.empty() || request.has_scheduler();
    for (int i = 0; i < kMostSeedsTried; ++i, ++request.settings.seed) {
      result_.watched = options_.run(request);
      ++result_.runs;
      if (result_.watched.outcome != Outcome::kFail) break;
      result_.failed_unforced.emplace_back(result_.watched.id, request.settings.seed);
    }
    if (!passes(result_.watched)) {
      result_.why_not = "the test does not pass as it is";
      return false;
    }
    seeds_.push_back(request.settings.seed);
    auto watched = read_watched_run(trace_of(result_.watched));
    if (!watched) {
      result_.why_not = watched.error().message();
      return false;
    }
    result_.accesses = watched->accesses.size();
    result_.all_accesses = watched->all;
    remember_runs();
    for (RaceCandidate& candidate : find_candidates(*watched, &result_.all_candidates)) {
      known_.insert(candidate.key());
      name_code(candidate);
      add({.candidate = std::move(candidate)}, 0);
    }
    return true;
  }

  // What the runs of a search depend on: what the watched run was made of, by which it is also judged, and what came of
  // it.
  void remember_runs() {
    if (options_.made_runs_dir.empty()) return;
    const RunRecord& watched = result_.watched;
    std::string made_of = watched.digest + watched.tuple.kernel_sha256;
    for (const auto& [name, hash] : watched.tuple.inputs) made_of += name + hash;
    const std::string name =
        fmt::format("{}-{}.jsonl", sha256(as_byte_span(made_of)).substr(0, 16), watched.tuple.seed);
    auto opened = MadeRuns::open(options_.made_runs_dir / name, options_.resume);
    if (opened)
      made_runs_ = *std::move(opened);
    else
      log_warn("--resume will not know the runs of this search: {}", opened.error().message());
  }

  static std::filesystem::path trace_of(const RunRecord& record) {
    return std::filesystem::path(record.run_dir) / kTraceFileName;
  }

  // The code that was watched is that which can come between.
  void name_code(RaceCandidate& candidate) const {
    for (PlannedHold& hold : candidate.holds) hold.code = request_.watch_kernel;
  }

  void add(TriedRace race, int depth) {
    if (!race.candidate.lock.empty()) race.outcome = RaceOutcome::kLocked;
    result_.races.push_back(std::move(race));
    states_.push_back({.depth = depth});
  }

  bool is_interrupted() const { return options_.pool.interrupted && options_.pool.interrupted(); }

  bool has_budget() const {
    if (is_interrupted() || (options_.until && std::chrono::steady_clock::now() >= *options_.until)) return false;
    return result_.tries < options_.most_runs;
  }
  bool goes_on() const { return has_budget() && !(options_.first_only && result_.harmful() != 0); }

  RunRequest forced(const std::vector<PlannedHold>& holds, std::uint64_t seed) const {
    return forced(request_, holds, seed);
  }
  RunRequest forced(RunRequest request, const std::vector<PlannedHold>& holds, std::uint64_t seed) const {
    request.watch_kernel.clear();
    request.schedule = to_text(holds);
    request.settings.seed = seed;
    if (options_.repeat_command) request.repeat_command = options_.repeat_command(request);
    return request;
  }

  // Its own holds first.
  static std::vector<PlannedHold> schedule_of(const TriedRace& race) {
    std::vector<PlannedHold> schedule = race.candidate.holds;
    if (race.candidate.atomic && race.candidate.second_variable.empty())
      for (PlannedHold& hold : schedule) hold.count = kCountsOfAtomic[race.runs % std::size(kCountsOfAtomic)];
    schedule.insert(schedule.end(), race.under.begin(), race.under.end());
    return schedule;
  }

  // What the next run of a candidate is worth: less with each that found nothing, and where nobody could come between.
  static double worth(const TriedRace& race) {
    double worth = race.candidate.score / static_cast<double>(1 + race.runs);
    if (race.outcome == RaceOutcome::kNeverMet) worth *= kNeverMetYet;
    return worth;
  }

  // As many as run at once, each the most promising of those that are left. False: none is.
  bool try_some() {
    std::vector<std::size_t> due;
    for (std::size_t i = 0; i < result_.races.size(); ++i)
      if (!states_[i].concluded && result_.races[i].outcome != RaceOutcome::kLocked && result_.races[i].runs < tries_)
        due.push_back(i);
    std::stable_sort(due.begin(), due.end(),
                     [&](std::size_t a, std::size_t b) { return worth(result_.races[a]) > worth(result_.races[b]); });
    const auto jobs = static_cast<std::uint64_t>(std::max(1, options_.pool.jobs));
    due.resize(std::min({due.size(), jobs, options_.most_runs - result_.tries}));
    std::vector<RunRequest> requests;
    for (const std::size_t index : due) {
      const TriedRace& race = result_.races[index];
      const auto seed = seed_for(race.runs);
      if (!seed) return true;  // those that have had all seeds are not due any more
      requests.push_back(forced(schedule_of(race), *seed));
      requests.back().watch_memory = race.runs == 0 && states_[index].depth < kMostDepth && request_.has_scheduler();
    }
    if (due.empty()) return false;
    std::vector<std::size_t> to_make;
    for (std::size_t i = 0; i < due.size(); ++i)
      if (const auto known = remembered(requests[i])) {
        ++result_.remembered;
        count_try();
        take(due[i], *known);
      } else {
        to_make.push_back(i);
      }
    const auto job = [&](std::uint64_t number) {
      return PoolJob{ram_of(request_),
                     [this, &requests, index = to_make[number]] { return options_.run(requests[index]); }};
    };
    run_pool(to_make.size(), job, options_.pool, [&](std::uint64_t number, const RunRecord& record) {
      count_try();
      take_record(due[to_make[number]], record, requests[to_make[number]]);
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
      const MadeRun run = make(forced({}, seed));
      if (run.failed)
        result_.failed_unforced.emplace_back(run.id, seed);
      else if (run.decided)
        seeds_.push_back(seed);
    }
    if (round < seeds_.size()) return seeds_[round];
    // The same run again would say nothing. Controls and short stories ask for more seeds than there are tries.
    tries_ = std::min<std::uint64_t>(tries_, seeds_.size());
    return std::nullopt;
  }

  // Whether another came between where the candidate says, not only where it came up.
  static bool is_met(const TriedRace& race, const std::vector<HeldOnce>& holds) {
    return std::any_of(holds.begin(), holds.end(),
                       [&](const HeldOnce& one) { return one.is_met() && one.hold < race.candidate.holds.size(); });
  }

  void count_try() {
    ++result_.runs;
    ++result_.tries;
  }

  void take_record(std::size_t index, const RunRecord& record, const RunRequest& request) {
    MadeRun run = summed_up(record, request.schedule, request.settings.seed);
    if (!run.decided) log_warn("a forced run has no verdict: {}", record.error);
    if (run.decided && !run.failed && request.watch_memory && is_met(result_.races[index], run.holds))
      run.nothing_new = !look_further(index, record, request.schedule);
    keep(request, run);
    take(index, run);
    if (!run.failed) remove_run(record);
  }

  void take(std::size_t index, const MadeRun& run) {
    TriedRace& race = result_.races[index];
    ++race.runs;
    if (!run.decided) return;
    const bool met = is_met(race, run.holds);
    if (met) ++race.met;
    if (run.failed) {
      ++race.failed;
      race.runs_that_failed.push_back(run.id);
      if (!race.failure || (met && race.outcome != RaceOutcome::kHarmful)) race.failure = run;
      if (met && race.outcome != RaceOutcome::kHarmful) race.found_after = result_.runs;
      if (race.outcome != RaceOutcome::kHarmful) race.outcome = met ? RaceOutcome::kHarmful : RaceOutcome::kDelay;
    } else if (race.outcome == RaceOutcome::kNotTried || race.outcome == RaceOutcome::kNeverMet) {
      race.outcome = met ? RaceOutcome::kBenign : RaceOutcome::kNeverMet;
    }
  }

  // Where that another came between led to. False: nowhere that was not known.
  bool look_further(std::size_t index, const RunRecord& record, const std::string& schedule_text) {
    const auto watched = read_watched_run(trace_of(record));
    const auto schedule = parse_schedule(schedule_text);
    if (!watched || !schedule || states_[index].looked_further) return false;
    states_[index].looked_further = true;
    bool any = false;
    for (RaceCandidate& candidate : find_candidates(*watched)) {
      if (!known_.insert(candidate.key()).second) continue;
      any = true;
      name_code(candidate);
      TriedRace race{.candidate = std::move(candidate), .under = *schedule};
      race.under.resize(std::min(race.under.size(), control::kMostHolds - 1));
      race.candidate.holds.resize(std::min(race.candidate.holds.size(), control::kMostHolds - race.under.size()));
      followers_.push_back({std::move(race), states_[index].depth + 1});
    }
    return any;
  }

  // A failure is a race's doing only where the same run fails again, and where the delay alone does not do it; then
  // with as few holds as may be.
  void conclude(std::size_t index) {
    TriedRace& race = result_.races[index];
    if (race.outcome != RaceOutcome::kHarmful || states_[index].concluded || is_interrupted()) return;
    states_[index].concluded = true;
    if (control(race)) {
      race.outcome = RaceOutcome::kDelay;
      return;
    }
    try_more_likely_than(index);
    shorten(race);
    const auto schedule = parse_schedule(race.failure->schedule);
    for (std::uint64_t i = 0; schedule && i < kRepeats && !is_interrupted(); ++i) {
      const MadeRun run = make_anew(forced(race.smaller_test.value_or(request_), *schedule, race.failure->seed));
      if (!run.decided) continue;
      ++race.repeats;
      if (run.digest == race.failure->digest) ++race.repeated;
    }
  }

  void shorten(TriedRace& race) {
    if (!options_.shorten) return;
    const ShortenTools tools{.make = [this](const RunRequest& test, const std::vector<PlannedHold>& holds,
                                            std::uint64_t seed) { return make(forced(test, holds, seed)); },
                             .smaller = options_.smaller,
                             .seed_for = [this](std::uint64_t round) { return seed_for(round); },
                             .interrupted = [this] { return is_interrupted(); }};
    ShortRace made = shorten_race({.test = request_, .failure = *race.failure}, tools);
    if (made.test.scenario_text != request_.scenario_text) race.smaller_test = std::move(made.test);
    race.failure = std::move(made.failure);
  }

  // A CPU that is held before one instruction has done several things before, of which one matters: those that are more
  // likely a mistake have all their tries first.
  void try_more_likely_than(std::size_t index) {
    for (std::size_t other = 0; other < index; ++other) {
      TriedRace& better = result_.races[other];
      if (states_[other].concluded || better.outcome == RaceOutcome::kLocked ||
          better.candidate.second != result_.races[index].candidate.second)
        continue;
      while (better.outcome != RaceOutcome::kHarmful && better.runs < tries_ && has_budget()) {
        const auto seed = seed_for(better.runs);
        if (!seed) break;
        const MadeRun run = make(forced(schedule_of(better), *seed));
        ++result_.tries;
        take(other, run);
      }
      conclude(other);
    }
  }

  // Holds CPUs as long, but before the first access of the two. True: that fails as well.
  bool control(TriedRace& race) {
    auto holds = parse_schedule(race.failure->schedule);
    if (!holds) return false;
    for (std::size_t i = 0; i < race.candidate.holds.size() && i < holds->size(); ++i)
      (*holds)[i].second = (*holds)[i].first;
    for (std::uint64_t round = 0; round < kMostControls; ++round) {
      if (round >= kControls && race.controls_failed < race.controls) break;
      const auto seed = seed_for(round);
      if (!seed || is_interrupted()) break;
      const MadeRun run = make(forced(*holds, *seed));
      if (!run.decided) continue;
      ++race.controls;
      if (run.failed && run.kind == race.failure->kind) ++race.controls_failed;
    }
    return race.controls != 0 && race.controls_failed == race.controls;
  }

  const RunRequest& request_;
  const RaceSearchOptions& options_;
  RaceSearch result_;
  std::optional<MadeRuns> made_runs_;
  std::vector<State> states_;             // of result_.races
  std::vector<Follower> followers_;       // that are to be added to them
  std::set<RaceKey> known_;               // what they are
  std::vector<std::uint64_t> seeds_;      // that the test passes with
  std::uint64_t next_seed_ = 0;           // to be looked at; 0: none was
  std::uint64_t tries_ = options_.tries;  // of each candidate
};

}  // namespace

EnumNames<RaceOutcome> names_of(RaceOutcome) { return names_from<kRaceOutcomes>(); }

std::uint64_t RaceSearch::harmful() const {
  return static_cast<std::uint64_t>(std::count_if(
      races.begin(), races.end(), [](const TriedRace& one) { return one.outcome == RaceOutcome::kHarmful; }));
}

std::uint64_t RaceSearch::runs_to_first() const {
  std::uint64_t first = 0;
  for (const TriedRace& race : races)
    if (race.outcome == RaceOutcome::kHarmful && (first == 0 || race.found_after < first)) first = race.found_after;
  return first;
}

RaceSearch search_races(const RunRequest& request, const RaceSearchOptions& options) {
  return Search(request, options).all();
}

}  // namespace ktstr
