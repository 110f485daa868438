// SPDX-License-Identifier: Apache-2.0
#include "results/run_record.h"

#include <algorithm>
#include <iterator>

namespace ktstr {

namespace {

// The texts are part of the result format, the exit codes of the command line: add to them, change none.
constexpr EnumName<Outcome> kOutcomes[] = {
    {Outcome::kPass, "pass"},
    {Outcome::kFail, "fail"},
    {Outcome::kInconclusive, "inconclusive"},
    {Outcome::kSkip, "skip"},
    {Outcome::kInfrastructure, "infrastructure"},
    {Outcome::kBadInput, "bad_input"},
    {Outcome::kInterrupted, "interrupted"},
};
constexpr int kExitCodes[] = {0, 1, 2, 0, 3, 64, 130};
static_assert(std::size(kExitCodes) == std::size(kOutcomes));

}  // namespace

EnumNames<Outcome> names_of(Outcome) { return names_from<kOutcomes>(); }

int exit_code(Outcome outcome) {
  const auto index = static_cast<std::size_t>(outcome);
  return index < std::size(kExitCodes) ? kExitCodes[index] : 3;
}

StimulusSeen seen_at(std::uint64_t at_ns, const Stimulus& stimulus, const std::vector<std::string_view>& op_kinds) {
  return {.at_ns = at_ns,
          .elapsed_ms = stimulus.elapsed_ms,
          .phase = stimulus.phase,
          .ops = stimulus.ops,
          .op_kinds = {op_kinds.begin(), op_kinds.end()},
          .cgroups = stimulus.cgroups,
          .workers = stimulus.workers,
          .iterations = stimulus.iterations};
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

bool digests_equal(const std::vector<RunRecord>& records) {
  return !records.empty() && std::all_of(records.begin(), records.end(), [&](const RunRecord& record) {
    return record.digest_complete && !record.digest.empty() && record.digest == records.front().digest;
  });
}

}  // namespace ktstr
