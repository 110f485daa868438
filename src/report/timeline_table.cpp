// SPDX-License-Identifier: Apache-2.0
#include "report/timeline_table.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "report/likely_cause.h"
#include "report/table.h"
#include "report/units.h"
#include "results/timeline.h"

namespace ktstr {

namespace {

std::string step_text(const TimelineStep& step) {
  if (step.name.empty()) return fmt::format("{}", step.step);
  return fmt::format("{} {}", step.step, shortened(printable(step.name), kNameWidth));
}

// "set_cpuset, set_nice (3 ops)"; the number only where it is not that of the names.
std::string ops_text(const TimelineStep& step) {
  if (step.ops == 0) return "";
  std::vector<std::string> names;
  for (const std::string& name : step.op_kinds) names.push_back(printable(name));
  const std::string text = fmt::format("{}", fmt::join(names, ", "));
  const bool each_once = names.size() == static_cast<std::size_t>(step.ops);
  return each_once ? text : fmt::format("{} ({} ops)", text, step.ops);
}

std::string rate_text(const TimelineStep& step) {
  if (!step.iterations_per_s) return "-";
  constexpr double kMost = 1e18;  // what a rate of a guest's numbers can be is up to the guest
  return short_count(static_cast<std::uint64_t>(std::llround(std::min(*step.iterations_per_s, kMost))));
}

// The kinds of what was found in a step, each once.
std::string found_text(const RunRecord& record, const TimelineStep& step) {
  std::vector<std::string_view> kinds;
  for (const Detail* detail : findings(record)) {
    const std::string_view kind = to_string(detail->kind);
    const bool known = std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
    if (detail->step == step.step && !known) kinds.push_back(kind);
  }
  return fmt::format("{}", fmt::join(kinds, ", "));
}

}  // namespace

std::string timeline_table(const RunRecord& record, std::string_view indent) {
  const std::vector<TimelineStep> steps = timeline_of(record);
  if (steps.empty()) return "";
  const bool loops = std::any_of(steps.begin(), steps.end(), [](const TimelineStep& s) { return s.rounds > 1; });
  Table table({"step", "at", "held", "rounds", "cgroups", "workers", "iterations/s", "found", "ops"}, {7, 8});
  for (const TimelineStep& step : steps) {
    const bool held = step.rounds > 0;
    table.add({step_text(step), step.elapsed_ms ? short_duration(*step.elapsed_ms * 1'000'000) : "-",
               held ? short_duration(step.held_ns) : "-", loops ? fmt::format("{}", step.rounds) : "",
               held ? fmt::format("{}", step.cgroups) : "-", held ? fmt::format("{}", step.workers) : "-",
               rate_text(step), found_text(record, step), ops_text(step)});
  }
  return table.render(indent);
}

bool timeline_explains(const RunRecord& record) {
  const std::vector<TimelineStep> steps = timeline_of(record);
  return steps.size() > 1 || std::any_of(steps.begin(), steps.end(),
                                         [](const TimelineStep& step) { return step.ops > 0 || step.rounds == 0; });
}

}  // namespace ktstr
