// SPDX-License-Identifier: Apache-2.0
#include "results/run_record.h"

#include <algorithm>
#include <array>
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

// The position of an exit code from harmless to grave.
std::ptrdiff_t gravity(int code) {
  constexpr std::array kFromHarmless = {0, 2, 1, 3, 64, 130};
  const auto* const at = std::find(kFromHarmless.begin(), kFromHarmless.end(), code);
  if (at == kFromHarmless.end()) return gravity(exit_code(Outcome::kInfrastructure));
  return std::distance(kFromHarmless.begin(), at);
}

}  // namespace

EnumNames<Outcome> names_of(Outcome) { return names_from<kOutcomes>(); }

int exit_code(Outcome outcome) {
  const auto index = static_cast<std::size_t>(outcome);
  return index < std::size(kExitCodes) ? kExitCodes[index] : 3;
}

int worse_exit(int a, int b) { return gravity(a) >= gravity(b) ? a : b; }

Outcome worse_outcome(Outcome a, Outcome b) {
  if (exit_code(a) == exit_code(b)) return a == Outcome::kSkip ? b : a;
  return worse_exit(exit_code(a), exit_code(b)) == exit_code(a) ? a : b;
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

bool TracedFinding::is_of(const Detail& detail) const {
  return kind == detail.kind && cgroup == detail.cgroup && worker == detail.worker && step == detail.step;
}

const SchedulerSeen& RunRecord::scheduler() const {
  static const SchedulerSeen nothing;
  return schedulers.empty() ? nothing : schedulers.back();
}

SchedulerSeen& RunRecord::scheduler() { return schedulers.empty() ? schedulers.emplace_back() : schedulers.back(); }

bool digests_equal(const std::vector<RunRecord>& records) {
  return !records.empty() && std::all_of(records.begin(), records.end(), [&](const RunRecord& record) {
    return record.digest_complete && !record.digest.empty() && record.digest == records.front().digest;
  });
}

}  // namespace ktstr
