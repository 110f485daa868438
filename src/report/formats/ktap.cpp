// SPDX-License-Identifier: Apache-2.0
//
// Documentation/dev-tools/ktap.rst of the kernel.
#include <fmt/format.h>

#include "base/text/printable.h"
#include "report/formats/escapes.h"
#include "report/formats/report_format.h"

namespace ktstr {

namespace {

// A '#' would begin a directive.
std::string one_line(std::string_view text) {
  return with_replaced(escaped(text), {{'\n', " "}, {'\t', " "}, {'#', "\\#"}});
}

std::string_view directive_of(const ReportedRun& run) {
  switch (run.outcome) {
    case Outcome::kPass:
    case Outcome::kFail:
      return "";
    case Outcome::kSkip:
      return " # SKIP ";
    default:
      return " # ERROR ";
  }
}

std::string diagnostics(std::string_view text) {
  std::string made = "# ";
  for (const char c : escaped(text)) {
    made += c;
    if (c == '\n') made += "# ";
  }
  made.erase(made.find_last_not_of("# \n") + 1);
  return made + "\n";
}

}  // namespace

std::string ktap_report(std::span<const ReportedRun> runs) {
  std::string text = fmt::format("KTAP version 1\n1..{}\n", runs.size());
  std::size_t number = 0;
  for (const ReportedRun& run : runs) {
    const bool is_ok = run.outcome == Outcome::kPass || run.outcome == Outcome::kSkip;
    if (!is_ok && !run.text.empty()) text += diagnostics(run.text);
    const std::string_view directive = directive_of(run);
    text += fmt::format("{} {} {}{}{}\n", is_ok ? "ok" : "not ok", ++number, one_line(run.name), directive,
                        directive.empty() ? "" : one_line(run.message));
  }
  return text;
}

}  // namespace ktstr
