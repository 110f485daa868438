// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/text/printable.h"
#include "report/formats/escapes.h"
#include "report/formats/report_format.h"

namespace ktstr {

namespace {

// U+FFFE and U+FFFF, which XML has no place for.
constexpr std::string_view kNoCharacters[] = {"\xef\xbf\xbe", "\xef\xbf\xbf"};

// Control characters have no place in XML 1.0 either, not even by their numbers: they are shown as elsewhere.
std::string xml(std::string_view text) {
  std::string clean = escaped(text);
  for (const std::string_view none : kNoCharacters)
    for (std::size_t at = clean.find(none); at != std::string::npos; at = clean.find(none, at))
      clean.replace(at, 3, "?");
  return with_replaced(clean, {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}});
}
// Where a newline would be a space.
std::string xml_attribute(std::string_view text) { return with_replaced(xml(text), {{'\n', "&#10;"}, {'\t', "&#9;"}}); }

// What is neither a pass nor a failure of the test is an error there.
const char* element_of(Outcome outcome) {
  if (outcome == Outcome::kFail) return "failure";
  return outcome == Outcome::kSkip ? "skipped" : "error";
}

std::string test_case(const ReportedRun& run) {
  std::string text = fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\">\n",
                                 xml_attribute(run.test), xml_attribute(run.name), run.host_seconds);
  if (run.outcome != Outcome::kPass) {
    const char* const element = element_of(run.outcome);
    text += fmt::format("      <{} message=\"{}\"", element, xml_attribute(run.message));
    if (run.outcome != Outcome::kSkip) text += fmt::format(" type=\"{}\"", xml_attribute(run.kind));
    text += fmt::format(">{}</{}>\n", xml(run.text), element);
  }
  // Test cases have no properties in the schema that Jenkins publishes.
  text += "      <system-out>";
  for (const auto& [key, value] : run.properties) text += fmt::format("{}: {}\n", key, xml(value));
  return text + "</system-out>\n    </testcase>\n";
}

}  // namespace

std::string junit_report(std::span<const ReportedRun> runs) {
  std::size_t failures = 0, errors = 0, skipped = 0;
  double seconds = 0;
  for (const ReportedRun& run : runs) {
    seconds += run.host_seconds;
    if (run.outcome == Outcome::kPass) continue;
    const std::string_view element = element_of(run.outcome);
    ++(element == "failure" ? failures : element == "error" ? errors : skipped);
  }
  const std::string counts =
      fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.3f}\"", runs.size(), failures, errors, seconds);
  // The first run's, in seconds: the schema has no fractions.
  const std::string started = runs.empty() ? "" : runs.front().started_at.substr(0, 19);
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  text += fmt::format("<testsuites name=\"ktstr\" {}>\n  <testsuite name=\"ktstr\" {} skipped=\"{}\"", counts, counts,
                      skipped);
  if (!started.empty()) text += fmt::format(" timestamp=\"{}\"", xml_attribute(started));
  text += ">\n";
  for (const ReportedRun& run : runs) text += test_case(run);
  return text + "  </testsuite>\n</testsuites>\n";
}

}  // namespace ktstr
