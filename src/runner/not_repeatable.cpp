// SPDX-License-Identifier: Apache-2.0
#include "runner/not_repeatable.h"

#include "base/file.h"
#include "base/log.h"
#include "results/run_record_json.h"
#include "runner/event_file.h"

namespace ktstr {

namespace {

Result<std::vector<Record>> events_of(const RunRecord& record) {
  KTSTR_TRY_ASSIGN(const ByteVector bytes, read_bytes(fs::path(record.run_dir) / "events.bin"));
  return unpack_events(bytes);
}

}  // namespace

std::string first_event_difference(const RunRecord& first, const RunRecord& later) {
  const auto a = events_of(first), b = events_of(later);
  if (!a || !b) return "the event files cannot be compared";
  return first_difference(*a, *b).value_or("the event files are equal, the digests are not");
}

void fail_as_not_repeatable(const std::string& than_what, const std::string& difference, RunRecord& later) {
  later.details.insert(
      later.details.begin(),
      {.verdict = Verdict::kFail,
       .kind = DetailKind::kNotRepeatable,
       .message = fmt::format("this run differs from {}; first difference:\n  {}", than_what, difference)});
  if (exit_code(later.outcome) == 0 || later.outcome == Outcome::kInconclusive) later.outcome = Outcome::kFail;
  if (later.run_dir.empty()) return;
  if (const Status status = store_run_record(later, later.run_dir); !status) log_warn("{}", status.error().render());
}

}  // namespace ktstr
