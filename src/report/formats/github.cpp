// SPDX-License-Identifier: Apache-2.0
//
// Workflow commands of GitHub Actions: a line each, which becomes an annotation of the job.
#include <fmt/format.h>

#include "base/text/printable.h"
#include "report/formats/escapes.h"
#include "report/formats/report_format.h"

namespace ktstr {

namespace {

std::string message_of(std::string_view text) {
  return with_replaced(escaped(text), {{'%', "%25"}, {'\r', "%0D"}, {'\n', "%0A"}});
}
std::string property(std::string_view text) { return with_replaced(message_of(text), {{':', "%3A"}, {',', "%2C"}}); }

}  // namespace

std::string github_report(std::span<const ReportedRun> runs) {
  std::string text;
  for (const ReportedRun& run : runs) {
    if (run.outcome == Outcome::kPass || run.outcome == Outcome::kSkip) continue;
    const bool is_warning = run.outcome == Outcome::kInconclusive || run.outcome == Outcome::kInterrupted;
    std::string message = run.message;
    if (!run.repeat_command.empty()) message += "\nagain: " + run.repeat_command;
    text += fmt::format("::{} title={}::{}\n", is_warning ? "warning" : "error",
                        property(fmt::format("{}: {}", run.name, to_string(run.outcome))), message_of(message));
  }
  return text;
}

}  // namespace ktstr
