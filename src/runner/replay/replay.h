// SPDX-License-Identifier: Apache-2.0
//
// A kept run once more: its request, its files, its kernel; and whether it did the same.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/replay/replay_differences.h"
#include "runner/replay/stored_request.h"
#include "runner/runner.h"

namespace ktstr {

struct ReplayOptions {
  std::string kernel;    // as --kernel takes it; empty: the recorded one, wherever it is
  bool current = false;  // files, and the agent, as they are now
};

struct ReplayPlan {
  RunRequest request;  // ready to run
  std::vector<Difference> differences;
  std::vector<ChangedInput> changed;  // with ReplayOptions::current
  // Whether nothing that decides the digest differs.
  bool exact() const { return differences.empty() && changed.empty(); }
};

// Boots nothing. An Error: a kernel was named that is not there, or (current) the files of now cannot be packed.
Result<ReplayPlan> plan_replay(const StoredRun& stored, const ReplayOptions& options,
                               const RunnerEnvironment& environment);

struct Replayed {
  RunRecord record;
  std::optional<bool> same_digest;  // none: nothing to compare
  std::string difference;           // the first one, where the digest is not the same; or why nothing can be compared
};

// Runs it. In det mode, and where the plan is exact, another digest is a failure of the new run (kNotRepeatable).
Replayed replay(const StoredRun& stored, const ReplayPlan& plan, const RunnerEnvironment& environment);
// The second half of that.
Replayed compared(const StoredRun& stored, bool exact, RunRecord again);

}  // namespace ktstr
