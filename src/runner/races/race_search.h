// SPDX-License-Identifier: Apache-2.0
//
// Looks for races in a BPF scheduler: one run of a test is watched, and then each place where another CPU could come
// between two accesses to memory is tried, by holding a CPU there until one has.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "races/candidates.h"
#include "results/run_record.h"
#include "runner/pool.h"
#include "runner/runner.h"

namespace ktstr {

// What came of one candidate.
enum class RaceOutcome : std::uint8_t {
  kHarmful,   // a run failed in which another CPU came between, and fails again
  kDelay,     // runs failed, but as much by the delay: none came between, or it does no better before the first access
  kBenign,    // another CPU came between, and nothing was found wrong
  kNeverMet,  // no other CPU came between while one was held
  kNotTried,  // there was no time for it
};
EnumNames<RaceOutcome> names_of(RaceOutcome);  // "harmful", ...

// A forced run that failed.
struct ForcedFailure {
  std::string run;  // its id
  std::uint64_t seed = 0;
  std::string schedule;  // that it was forced by
  std::string kind, message;
  std::string digest;
  std::string replay_command, repeat_command;
};

struct TriedRace {
  RaceCandidate candidate;
  RaceOutcome outcome = RaceOutcome::kNotTried;
  std::uint64_t runs = 0;    // that were forced so
  std::uint64_t met = 0;     // of those: where another CPU came between at least once
  std::uint64_t failed = 0;  // of those: that failed
  std::vector<std::string> runs_that_failed;
  std::optional<ForcedFailure> failure;     // kHarmful, kDelay: the one with the shortest schedule
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
  std::uint64_t runs = 0;        // forced ones, with those that repeat and shorten
  // Runs that failed with nobody held, and their seeds.
  std::vector<std::pair<std::string, std::uint64_t>> failed_unforced;
  bool interrupted = false;
  std::uint64_t harmful() const;
};

struct RaceSearchOptions {
  PoolOptions pool;
  std::uint64_t most_runs = 60;  // forced
  std::uint64_t tries = 3;       // of each candidate, each with a seed of its own
  bool first_only = false;       // stop at the first harmful one
  std::function<RunRecord(const RunRequest&)> run;
  std::function<std::string(const RunRequest&)> repeat_command;
};

// `request`: ready to be run, without a schedule.
RaceSearch search_races(const RunRequest& request, const RaceSearchOptions& options);

}  // namespace ktstr
