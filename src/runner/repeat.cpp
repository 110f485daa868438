// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/log.h"
#include "results/run_record_json.h"
#include "runner/event_file.h"
#include "runner/runner.h"

namespace ktstr {

namespace {

Result<std::vector<Record>> events_of(const RunRecord& record) {
  KTSTR_TRY_ASSIGN(const ByteVector bytes, read_bytes(fs::path(record.run_dir) / "events.bin"));
  return unpack_events(bytes);
}

// Two runs of one tuple differ: says where, and makes the later one fail.
void add_difference(const RunRecord& first, RunRecord& later) {
  std::string where = "the event files cannot be compared";
  const auto a = events_of(first), b = events_of(later);
  if (a && b) where = first_difference(*a, *b).value_or("the event files are equal, the digests are not");
  later.details.insert(later.details.begin(),
                       {.verdict = Verdict::kFail,
                        .kind = DetailKind::kNotRepeatable,
                        .message = "this run differs from the first one of the same tuple; first difference:\n  " + where});
  if (exit_code(later.outcome) == 0 || later.outcome == Outcome::kInconclusive) later.outcome = Outcome::kFail;
  if (const Status status = write_atomically(fs::path(later.run_dir) / "result.json", as_byte_span(to_json(later))); !status)
    log_warn("{}", status.error().render());
}

}  // namespace

void compare_repeated(const RunRecord& first, RunRecord& later) {
  const bool comparable = later.mode == "det" && later.digest_complete && first.digest_complete;
  if (comparable && later.digest != first.digest) add_difference(first, later);
}

}  // namespace ktstr
