// SPDX-License-Identifier: Apache-2.0
#include "results/run_record.h"

#include <algorithm>
#include <iterator>

#include "scenario/ops/op_table.h"

namespace ktstr {

namespace {

// The texts are part of the result format, the exit codes of the command line: add to them, change none.
constexpr struct {
  Outcome outcome;
  std::string_view text;
  int exit_code;
} kOutcomes[] = {
    {Outcome::kPass, "pass", 0},
    {Outcome::kFail, "fail", 1},
    {Outcome::kInconclusive, "inconclusive", 2},
    {Outcome::kSkip, "skip", 0},
    {Outcome::kInfrastructure, "infrastructure", 3},
    {Outcome::kBadInput, "bad_input", 64},
    {Outcome::kInterrupted, "interrupted", 130},
};

auto entry_of(Outcome outcome) {
  return std::find_if(std::begin(kOutcomes), std::end(kOutcomes), [&](const auto& e) { return e.outcome == outcome; });
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  const auto found = entry_of(outcome);
  return found == std::end(kOutcomes) ? "unknown" : found->text;
}

std::optional<Outcome> outcome_from(std::string_view text) {
  const auto found =
      std::find_if(std::begin(kOutcomes), std::end(kOutcomes), [&](const auto& e) { return e.text == text; });
  if (found == std::end(kOutcomes)) return {};
  return found->outcome;
}

int exit_code(Outcome outcome) {
  const auto found = entry_of(outcome);
  return found == std::end(kOutcomes) ? 3 : found->exit_code;
}

StimulusSeen seen_at(std::uint64_t at_ns, const Stimulus& stimulus) {
  StimulusSeen seen{.at_ns = at_ns,
                    .elapsed_ms = stimulus.elapsed_ms,
                    .phase = stimulus.phase,
                    .ops = stimulus.ops,
                    .cgroups = stimulus.cgroups,
                    .workers = stimulus.workers,
                    .iterations = stimulus.iterations};
  for (const std::string_view name : op_names(stimulus.op_kinds)) seen.op_kinds.emplace_back(name);
  return seen;
}

Outcome outcome_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kSkip:
      return Outcome::kSkip;
    case Verdict::kPass:
      return Outcome::kPass;
    case Verdict::kInconclusive:
      return Outcome::kInconclusive;
    case Verdict::kFail:
      return Outcome::kFail;
  }
  return Outcome::kInfrastructure;
}

std::string_view to_string(Polarity polarity) {
  switch (polarity) {
    case Polarity::kHigher:
      return "higher";
    case Polarity::kLower:
      return "lower";
    case Polarity::kNeutral:
      return "neutral";
  }
  return "unknown";
}

bool digests_equal(const std::vector<RunRecord>& records) {
  return !records.empty() && std::all_of(records.begin(), records.end(), [&](const RunRecord& record) {
    return record.digest_complete && !record.digest.empty() && record.digest == records.front().digest;
  });
}

}  // namespace ktstr
