// SPDX-License-Identifier: Apache-2.0
//
// What running one request with many seeds has found: how often it fails, and in which ways.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "results/run_record.h"

namespace ktstr {

// Seeds from `from` to `to`, both included.
struct SeedRange {
  std::uint64_t from = 1;
  std::uint64_t to = 1;

  static constexpr std::uint64_t kMost = 1'000'000;
  // "1..200". kInvalidArgument for anything else, for a range that runs backwards, and for more than kMost seeds.
  static Result<SeedRange> parse(std::string_view text);
  std::uint64_t count() const { return to - from + 1; }
  friend bool operator==(const SeedRange&, const SeedRange&) = default;
};

struct SeedResult {
  std::uint64_t seed = 0;
  Outcome outcome = Outcome::kPass;
  std::string digest;
  std::string id;
  std::string policy = {};  // of its turns, as RunTuple has it
};

// Failures that look like the same one.
struct FailureGroup {
  std::string kind;                    // DetailKind's text
  std::string where;                   // its message without what differs from seed to seed
  std::vector<std::uint64_t> members;  // seeds of an exploration or numbers of cells, in rising order
  // Of the first of them:
  std::string message;
  std::string repeat_command;
  std::string run_dir;

  std::string signature() const { return kind + ": " + where; }
};

// What one cell of a matrix has of one axis: "topology", "1n2l2c1t".
struct AxisValue {
  std::string axis;
  std::string value;
  friend bool operator==(const AxisValue&, const AxisValue&) = default;
};

struct Exploration {
  std::string test;
  std::vector<AxisValue> cell;  // of a matrix; else none
  std::string mode;
  std::string vary = "all";
  SeedRange range;
  std::vector<SeedResult> results;   // in the seeds' order; what was not run is not there
  std::vector<FailureGroup> groups;  // the most frequent first, then by the smallest seed
  std::string first_trouble;         // of a seed that could not be run: what and why

  std::uint64_t count(Outcome outcome) const;
  // How often turns were by which policy, among the seeds that say something; one that failed more often comes first.
  struct OfPolicy {
    std::string policy;
    std::uint64_t failed = 0, decided = 0;
  };
  std::vector<OfPolicy> by_policy() const;
  // Seeds that say something about the scheduler: passes and failures.
  std::uint64_t decided() const { return count(Outcome::kPass) + count(Outcome::kFail); }
  std::uint64_t not_run() const { return range.count() - results.size(); }
};

// Of all its seeds: a failure outweighs a seed that could not be run, which outweighs an inconclusive one; an interrupt
// or a mistake of the user's outweighs all. kInterrupted where nothing was run.
Outcome outcome_of(const Exploration& found);

// "1-3,7". Of numbers in rising order.
std::string compact_ranges(const std::vector<std::uint64_t>& numbers);

// `message` with a # for each number, so that times, pids and addresses do not tell two failures apart. The words in
// `kept` (names of cgroups) stay as they are.
std::string without_numbers(std::string_view message, const std::vector<std::string>& kept);

}  // namespace ktstr
