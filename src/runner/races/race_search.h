// SPDX-License-Identifier: Apache-2.0
//
// Looks for races in a BPF scheduler: one run of a test is watched, and then each place where another CPU could come
// between two accesses to memory is tried, by holding a CPU there until one has. Where that goes well, but leads to
// code that nobody came to before, the places in there are tried as well, with both held.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "races/candidates.h"
#include "results/run_record.h"
#include "runner/pool.h"
#include "runner/races/made_run.h"
#include "runner/runner.h"

namespace ktstr {

// What came of one candidate.
enum class RaceOutcome : std::uint8_t {
  kHarmful,   // a run failed in which another CPU came between, and fails again
  kDelay,     // runs failed, but as much by the delay: none came between, or it does no better before the first access
  kBenign,    // another CPU came between, and nothing was found wrong
  kNeverMet,  // no other CPU came between while one was held
  kNotTried,  // there was no time for it
  kLocked,    // both sides hold one lock: no other CPU can come between, and nothing was tried
};
EnumNames<RaceOutcome> names_of(RaceOutcome);  // "harmful", ...

struct TriedRace {
  RaceCandidate candidate;
  // Holds under which it came up: nobody came to its places in a run without them.
  std::vector<PlannedHold> under;
  RaceOutcome outcome = RaceOutcome::kNotTried;
  std::uint64_t runs = 0;         // that were forced so
  std::uint64_t met = 0;          // of those: where another CPU came between at least once
  std::uint64_t failed = 0;       // of those: that failed
  std::uint64_t found_after = 0;  // kHarmful: how many runs had been made in all when one failed
  std::vector<std::string> runs_that_failed;
  std::optional<MadeRun> failure;           // kHarmful, kDelay: the one with the shortest schedule
  std::optional<RunRequest> smaller_test;   // of which that run is, where the test was cut down
  std::uint64_t repeats = 0, repeated = 0;  // how often that run was made again; how often it was the same
  // Runs in which CPUs were held at the same places, but before the first access; of those: that failed so too.
  std::uint64_t controls = 0, controls_failed = 0;
};

struct RaceSearch {
  RunRecord watched;             // the run that was watched; its outcome says whether anything could be looked for
  std::string why_not;           // why nothing was looked for; "" otherwise
  std::vector<TriedRace> races;  // most promising first
  std::uint64_t accesses = 0;    // that were seen
  bool all_accesses = true;      // the trace has all of them
  bool all_candidates = true;    // `races` are all that there are
  std::uint64_t tries = 0;       // forced runs, but for those that control, repeat and shorten
  std::uint64_t runs = 0;        // of all kinds, with that which was watched
  std::uint64_t remembered = 0;  // of those: that an earlier search had made
  // Runs that failed with nobody held, and their seeds.
  std::vector<std::pair<std::string, std::uint64_t>> failed_unforced;
  bool interrupted = false;
  std::uint64_t harmful() const;
  std::uint64_t runs_to_first() const;  // TriedRace::found_after of the first harmful one; 0: none is
};

struct RaceSearchOptions {
  PoolOptions pool;
  std::uint64_t most_runs = 60;                                // RaceSearch::tries
  std::optional<std::chrono::steady_clock::time_point> until;  // no more tries from then on
  std::uint64_t tries = 3;                                     // of each candidate, each with a seed of its own
  bool first_only = false;                                     // stop at the first harmful one
  bool shorten = true;  // report a race with as few holds, and as little of the test, as will do
  // Where the runs of searches are kept, each search in a file that is called by what its watched run was made of; "":
  // nowhere. `resume`: do not make those again that are there.
  std::filesystem::path made_runs_dir;
  bool resume = false;
  std::function<RunRecord(const RunRequest&)> run;
  std::function<std::string(const RunRequest&)> repeat_command;
  // The same test cut down, each ready to be run: without a cgroup, shorter, with fewer workers.
  std::function<std::vector<RunRequest>(const RunRequest&)> smaller;
};

// `request`: ready to be run, without a schedule.
RaceSearch search_races(const RunRequest& request, const RaceSearchOptions& options);

}  // namespace ktstr
