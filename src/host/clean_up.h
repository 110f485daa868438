// SPDX-License-Identifier: Apache-2.0
//
// Cleaning up after a run in host mode: its groups with whoever is in them, and what it changed on the machine. A run
// that ends by itself leaves almost nothing to this; after one that was killed, whoever started it does the same, and
// after a kill of everything the next run does.
//
// A run of process PID has the groups "ktstr-PID", where its scenario's groups are, and perhaps "ktstr-PID.harness",
// where the harness itself stands while controllers are enabled beside it (host_group.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace ktstr {

std::string run_group_name(int pid);      // "ktstr-12"
std::string harness_group_name(int pid);  // "ktstr-12.harness"
// Of either name; no value for anything else.
std::optional<int> pid_of_group(std::string_view name);

// Kills everything below OWN/NAME, as deep as it goes, and removes it. Fine when it is not there. Processes that we
// cannot see (of another pid namespace) are somebody else's: kBusy, and nothing is touched.
Status kill_and_remove_group(const fs::path& own, const std::string& name);

// All that the run of `pid` left: its groups, its changes, its journal. Those of its harness that live go back to the
// cgroup that they came from. Errors name what stays.
std::vector<Error> clean_up_after(int pid, const fs::path& own, const fs::path& journals);

// The same for every run whose process is dead, found by its journal or by its group below `own`; says so in a warning.
// Returns how many runs there were.
int clean_up_abandoned(const fs::path& own, const fs::path& journals, const fs::path& proc_root);

}  // namespace ktstr
