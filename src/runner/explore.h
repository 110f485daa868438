// SPDX-License-Identifier: Apache-2.0
//
// One request run with many seeds: which fail, and which of the failures are the same one.
#pragma once

#include <cstdint>
#include <functional>

#include "results/exploration.h"
#include "runner/pool.h"
#include "runner/runner.h"

namespace ktstr {

struct ExploreOptions {
  SeedRange range;
  PoolOptions pool;
  // The request for one seed, with the command that repeats it.
  std::function<RunRequest(std::uint64_t seed)> request;
  // run() for real.
  std::function<RunRecord(const RunRequest&)> run;
  // Called for each record, in the seeds' order, on the caller's thread.
  std::function<void(const RunRecord&)> done;
};

// Runs every seed once, several at a time. Passing runs leave no directory behind: a large range would drive all else
// out of the runs that are kept. The directory that a group names is kept until this returns, however many follow. A
// mistake of the user's (kBadInput) ends it.
Exploration explore(const ExploreOptions& options);

// Adds a failed run to the group of those like it, as `member`: a seed or the number of a cell. Members come in rising
// order. Where several are of one group, the first describes it.
void add_failure(std::vector<FailureGroup>& groups, const RunRecord& record, std::uint64_t member);

// Adds what one run has found. Seeds must come in rising order.
void add_to(Exploration& found, const RunRecord& record);

}  // namespace ktstr
