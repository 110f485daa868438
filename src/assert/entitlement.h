// SPDX-License-Identifier: Apache-2.0
//
// What CPU time cgroups of always runnable workers are entitled to: at each level of the hierarchy the CPUs are divided
// in proportion to weights (cpu.weight of a cgroup, the nice value of a task beside it), as a fluid; nobody gets more
// than one CPU for each of its workers, and what it leaves is divided among the others in the same way (generalised
// processor sharing with limits; "water-filling").
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/nice_weight.h"

namespace ktstr {

struct WeightedGroup {
  std::string name;  // "outer/inner" is within "outer"
  // cpu.weight. None: it has no cpu controller, and its workers are those of the next group above that has one.
  std::optional<int> weight;
  std::vector<int> nice;  // one a worker; empty for a group that only has groups below
};

// How many CPUs of `cpus` each group's own workers are entitled to, in order of `groups`. Names are unique.
std::vector<double> entitled_cpus(const std::vector<WeightedGroup>& groups, double cpus);

// Divides `amount` in proportion to weights, nobody above its limit: the sum is `amount`, or that of the limits where
// that is less. Weights are > 0, limits >= 0.
struct Claim {
  double weight = 1;
  double limit = 0;
};
std::vector<double> divide(double amount, const std::vector<Claim>& claims);

}  // namespace ktstr
