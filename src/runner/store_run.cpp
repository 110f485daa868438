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

void store(const RunRecord& record, const char* name, const std::string& text) {
  if (const Status status = write_atomically(fs::path(record.run_dir) / name, as_byte_span(text)); !status)
    log_warn("{}", status.error().render());
}

}  // namespace

void store_run(const RunRecord& record) {
  if (record.run_dir.empty()) return;
  store(record, "result.json", to_json(record));
  store(record, "report.txt", text_report(record, {.verbose = true}));
  if (leaves_page(record)) {
    const ReportedRun run = reported(record, true);
    store(record, kPageName, html_report({&run, 1}));
  }
}

void remove_run(const RunRecord& record) {
  if (record.run_dir.empty()) return;
  std::error_code error;
  fs::remove_all(record.run_dir, error);
  if (error) log_warn("cannot remove {}: {}", record.run_dir, error.message());
}

}  // namespace ktstr
