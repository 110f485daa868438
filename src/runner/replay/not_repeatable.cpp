// SPDX-License-Identifier: Apache-2.0
#include "runner/replay/not_repeatable.h"

#include "base/file.h"
#include "runner/event_file.h"
#include "runner/store_run.h"

namespace ktstr {

std::string first_event_difference(const RunRecord& first, const RunRecord& later) {
  const auto difference =
      first_difference(fs::path(first.run_dir) / "events.bin", fs::path(later.run_dir) / "events.bin");
  if (!difference) return "the event files cannot be compared: " + difference.error().message();
  return difference->value_or("the event files are equal, the digests are not");
}

void fail_as_not_repeatable(const std::string& than_what, const std::string& difference, RunRecord& later) {
  later.details.insert(
      later.details.begin(),
      {.verdict = Verdict::kFail,
       .kind = DetailKind::kNotRepeatable,
       .message = fmt::format("this run differs from {}; first difference:\n  {}", than_what, difference)});
  if (exit_code(later.outcome) == 0 || later.outcome == Outcome::kInconclusive) later.outcome = Outcome::kFail;
  store_run(later);
}

}  // namespace ktstr
