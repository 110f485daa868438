// SPDX-License-Identifier: Apache-2.0
#include "scenario/crowding.h"

#include <algorithm>

#include "assert/entitlement.h"

namespace ktstr {

namespace {

double crowding_of(const CrowdMember& own, const std::vector<CrowdMember>& members) {
  int tasks = 0, groups = 0;
  int heaviest = own.weight;
  for (const CrowdMember& other : members) {
    if (other.tasks == 0 || other.cpus.intersection(own.cpus).empty()) continue;
    tasks += other.tasks;
    ++groups;
    heaviest = std::max(heaviest, other.heaviest);
  }
  const auto cpus = static_cast<double>(own.fewest_cpus > 0 ? own.fewest_cpus : static_cast<int>(own.cpus.size()));
  // Where groups are divided among first, one with many tasks gets no more than one with a single one.
  const double most = std::max<double>(tasks, static_cast<double>(own.tasks) * groups);
  if (cpus == 0 || tasks <= cpus) return 1;
  return most / cpus * own.outweighed * heaviest / own.weight;
}

}  // namespace

std::vector<double> crowding(const std::vector<CrowdMember>& members) {
  std::vector<double> result;
  for (const CrowdMember& member : members) result.push_back(member.tasks == 0 ? 1 : crowding_of(member, members));
  return result;
}

double nice_ratio(int light, int heavy) { return std::max(1.0, weight_of_nice(heavy) / weight_of_nice(light)); }

}  // namespace ktstr
