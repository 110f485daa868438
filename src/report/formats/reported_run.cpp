// SPDX-License-Identifier: Apache-2.0
#include "report/formats/reported_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "report/likely_cause.h"
#include "report/text_report.h"

namespace ktstr {

namespace {

std::string name_of(const Cell& cell, const RunRecord& record, std::uint64_t number) {
  std::vector<std::string> parts;
  if (!cell.values.empty()) parts.push_back(describe(cell.values));
  if (cell.exploration) parts.push_back(fmt::format("seed {}", record.tuple.seed));
  if (!cell.exploration && cell.runs > 1) parts.push_back(fmt::format("run {}", number));
  return parts.empty() ? record.test : fmt::format("{} [{}]", record.test, fmt::join(parts, ", "));
}

// What explains the outcome; nullptr: nothing that was found in the run.
const Detail* cause_of(const RunRecord& record) {
  const auto found = findings(record);
  if (!found.empty()) return found.front();
  const auto same = std::find_if(record.details.begin(), record.details.end(),
                                 [&](const Detail& detail) { return outcome_of(detail.verdict) == record.outcome; });
  return same == record.details.end() ? nullptr : &*same;
}

}  // namespace

std::string_view ReportedRun::property(std::string_view key) const {
  const auto found =
      std::find_if(properties.begin(), properties.end(), [&](const auto& one) { return one.first == key; });
  return found == properties.end() ? std::string_view() : std::string_view(found->second);
}

ReportedRun reported(const RunRecord& record, bool keep_record) {
  Cell cell;
  cell.test = record.test;
  return reported(cell, record, 1, keep_record);
}

ReportedRun reported(const Cell& cell, const RunRecord& record, std::uint64_t number, bool keep_record) {
  ReportedRun run{.test = record.test.empty() ? cell.test : record.test,
                  .name = {},
                  .id = record.id,
                  .outcome = record.outcome,
                  .host_seconds = record.host_seconds,
                  .started_at = record.started_at,
                  .repeat_command = record.repeat_command};
  RunRecord named = record;
  named.test = run.test;
  run.name = name_of(cell, named, number);
  if (record.outcome != Outcome::kPass) {
    const Detail* const cause = record.error.empty() ? cause_of(record) : nullptr;
    run.kind = to_string(record.outcome);
    if (cause != nullptr && cause->kind != DetailKind::kNote) run.kind = to_string(cause->kind);
    run.message = cause != nullptr ? cause->message : record.error;
    if (run.message.empty()) run.message = to_string(record.outcome);
    run.text = text_report(record);
  }
  const auto add = [&](const char* key, std::string value) {
    if (!value.empty()) run.properties.emplace_back(key, std::move(value));
  };
  const bool is_guest = !record.kernel.empty();
  if (is_guest) add("topology", record.tuple.topology.to_string());
  add("kernel", record.kernel);
  add("scheduler", record.scheduler().command);
  if (record.mode == "det") add("seed", fmt::format("{}", record.tuple.seed));
  add("mode", record.mode);
  add("digest", record.digest);
  if (keep_record) run.record = std::make_shared<const RunRecord>(record);
  return run;
}

}  // namespace ktstr
