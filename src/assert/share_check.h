// SPDX-License-Identifier: Apache-2.0
//
// The check of CPU shares: what each cgroup's workers got of the CPU time of all, against what cpu.weight and nice
// entitle them to (entitlement.h). It is only defined where the workers of all cgroups were runnable all the time, on
// the same CPUs, and were more than those.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "assert/entitlement.h"
#include "ktstr/checks.h"

namespace ktstr {

// A cgroup with workers.
struct ShareClient {
  std::string cgroup;            // "": outside of the scenario's cgroups
  std::optional<CpuSet> cpuset;  // none: all CPUs
  std::optional<bool> wanted;    // what its definition says of the check; none: Checks::share
  std::string why_undefined;     // why it is not entitled to a certain share; "": nothing speaks against it
  std::vector<WorkerReport> workers;
};

// A step, or the Backdrop's life.
struct ShareWindow {
  int step = 0;
  int cpus = 0;               // that the cgroups have together, online
  std::string why_undefined;  // of all of them: "op set_weight cg_0 500 ran beside the workers"
  std::vector<ShareClient> clients;
  std::vector<WeightedGroup> weights;  // of clients and of groups above them; `nice` is not looked at
};

// What the window implies, in points of a share:
//
//   1 + 100 * levels * (slice + tick) / window + 50 * cpus / workers
//
// A scheduler that is fair is ahead or behind by a slice and the tick that ends it, at each level of groups: 20 ms (the
// longest slice by default: SCX_SLICE_DFL) and 10 ms (HZ=100). The time that one CPU is ahead counts for that CPU
// alone, so their number cancels out. The last part is only there with several CPUs: a scheduler that lets tasks stay
// on their CPU divides what stands there, and one worker more or less of the workers / cpus of a CPU makes about so
// much. (EEVDF was up to 15 points away with 2 and 3 workers on two CPUs, within 1 with 3 and 3.)
double implied_share_tolerance(std::chrono::nanoseconds window, int cpus, std::size_t workers, int levels);

// Windows of which that is more by their length alone are too short to judge.
inline constexpr double kMostPointsOfLength = 15;

// Why the window defines no entitlement; "" where it does.
std::string why_no_entitlement(const ShareWindow& window);

// Fills weight, share and entitlement of the window's CgroupStats in `result`, and adds what was found: failures of
// kind share where the check is on; it being undefined, where it was asked for, as inconclusive; a note where it is
// off, the weights or nice values differ, and the shares do not follow them.
void judge_shares(const ShareWindow& window, const Checks& checks, AssertResult& result);

}  // namespace ktstr
