// SPDX-License-Identifier: Apache-2.0
#include "runner/store_run.h"

#include <string>
#include <utility>

#include "base/file.h"
#include "base/log.h"
#include "report/page/html_report.h"
#include "report/text_report.h"
#include "results/run_record_json.h"

namespace ktstr {

namespace {

// More of them take seconds; `ktstr report` does it then.
constexpr std::uint64_t kMostEventsOfPage = 1'000'000;

void store(const RunRecord& record, const char* name, const std::string& text) {
  if (const Status status = write_atomically(fs::path(record.run_dir) / name, as_byte_span(text)); !status)
    log_warn("{}", status.error().render());
}

}  // namespace

void store_run(const RunRecord& record) {
  if (record.run_dir.empty()) return;
  store(record, "result.json", to_json(record));
  store(record, "report.txt", text_report(record, {.verbose = true}));
  if (has_page(record)) {
    const ReportedRun run = reported(record, true);
    store(record, kPageName, html_report({&run, 1}));
  }
}

bool has_page(const RunRecord& record) {
  return record.outcome != Outcome::kPass && record.outcome != Outcome::kSkip && !record.run_dir.empty() &&
         record.trace_events > 0 && record.trace_events <= kMostEventsOfPage;
}

void remove_run(const RunRecord& record) {
  if (record.run_dir.empty()) return;
  std::error_code error;
  fs::remove_all(record.run_dir, error);
  if (error) log_warn("cannot remove {}: {}", record.run_dir, error.message());
}

}  // namespace ktstr
