// SPDX-License-Identifier: Apache-2.0
#include "runner/explore.h"

#include <algorithm>

#include "report/likely_cause.h"
#include "report/units.h"
#include "sched_ext/dump.h"

namespace ktstr {

namespace {

std::string first_line(std::string_view text) { return printable(text.substr(0, text.find('\n'))); }

std::vector<std::string> cgroup_names(const RunRecord& record) {
  std::vector<std::string> names;
  for (const CgroupStats& stats : record.cgroups) names.push_back(stats.cgroup);
  for (const auto& report : record.workers) names.push_back(report.cgroup);
  for (const Detail& detail : record.details) names.push_back(detail.cgroup);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::erase(names, "");
  return names;
}

// What a report gives as the reason of the failure, as a group of its own.
FailureGroup group_of(const RunRecord& record) {
  FailureGroup group;
  const auto found = findings(record);
  group.kind = found.empty() ? "unexplained" : to_string(found.front()->kind);
  group.message = first_line(found.empty() ? record.error + record.end_of_guest : found.front()->message);
  // Where a task waited, and beside whom, is other in each run of one bug.
  std::string essence = group.message.substr(0, group.message.find(std::string("; ") + kStallExplained));
  for (const TracedFinding& traced : record.traced)
    if (!found.empty() && traced.is_of(*found.front()) && traced.kind != DetailKind::kSchedulerStalled)
      essence = first_line(traced.headline + (traced.cause.empty() ? "" : "; cause: " + traced.cause));
  group.where = without_numbers(essence, cgroup_names(record));
  group.repeat_command = record.repeat_command;
  group.run_dir = record.run_dir;
  return group;
}

}  // namespace

void add_failure(std::vector<FailureGroup>& groups, const RunRecord& record, std::uint64_t member) {
  FailureGroup group = group_of(record);
  const auto known = std::find_if(groups.begin(), groups.end(), [&](const FailureGroup& other) {
    return other.kind == group.kind && other.where == group.where;
  });
  std::vector<std::uint64_t>& members = known == groups.end() ? group.members : known->members;
  if (members.empty() || members.back() != member) members.push_back(member);
  if (known == groups.end()) groups.push_back(std::move(group));
}

void add_to(Exploration& found, const RunRecord& record) {
  found.test = record.test;
  if (!record.mode.empty()) found.mode = record.mode;
  found.results.push_back({record.tuple.seed, record.outcome, record.digest, record.id, record.tuple.policy});
  if (record.outcome == Outcome::kFail) {
    add_failure(found.groups, record, record.tuple.seed);
    std::stable_sort(found.groups.begin(), found.groups.end(), [](const FailureGroup& a, const FailureGroup& b) {
      const std::size_t of_a = a.members.size(), of_b = b.members.size();
      return of_a != of_b ? of_a > of_b : a.members.front() < b.members.front();
    });
  }
  const bool trouble = record.outcome == Outcome::kInfrastructure || record.outcome == Outcome::kBadInput;
  if (trouble && found.first_trouble.empty())
    found.first_trouble = fmt::format("seed {}: {}", record.tuple.seed, first_line(record.error));
}

}  // namespace ktstr
