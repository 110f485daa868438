// SPDX-License-Identifier: Apache-2.0
//
// A summary as GitHub and GitLab show it. Nothing of a name or a message is markup.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text/printable.h"
#include "report/formats/escapes.h"
#include "report/formats/report_format.h"

namespace ktstr {

namespace {

// GitHub shows 1 MiB of a summary at most, and nothing of a longer one.
constexpr std::size_t kMostBytes = 900 << 10, kLongestMessage = 500;
constexpr std::size_t kMostRows = 1000;

std::string cell(std::string_view text) {
  std::string line = escaped(text.substr(0, kLongestMessage));
  if (text.size() > kLongestMessage) line += " ...";
  return with_replaced(line, {{'&', "&amp;"},
                              {'<', "&lt;"},
                              {'>', "&gt;"},
                              {'|', "&#124;"},
                              {'`', "&#96;"},
                              {'*', "&#42;"},
                              {'_', "&#95;"},
                              {'[', "&#91;"},
                              {']', "&#93;"},
                              {'\\', "&#92;"},
                              {'!', "&#33;"},
                              {'~', "&#126;"},
                              {'@', "&#64;"},
                              {'#', "&#35;"},
                              {'\n', "<br>"},
                              {'\t', " "}});
}

// In a fence that is longer than each in the text.
std::string code(std::string_view text) {
  std::size_t longest = 2, now = 0;
  for (const char c : text) {
    now = c == '`' ? now + 1 : 0;
    longest = std::max(longest, now);
  }
  const std::string fence(longest + 1, '`');
  return fmt::format("{}text\n{}{}{}\n", fence, escaped(text), text.ends_with('\n') ? "" : "\n", fence);
}

}  // namespace

std::string markdown_report(std::span<const ReportedRun> runs) {
  std::map<Outcome, std::size_t> counts;
  for (const ReportedRun& run : runs) ++counts[run.outcome];
  std::string text = fmt::format("## ktstr: {} run{}", runs.size(), runs.size() == 1 ? "" : "s");
  for (const auto& [outcome, count] : counts) text += fmt::format(", {} {}", count, to_string(outcome));
  text += "\n";
  const auto did_not_pass = [](const ReportedRun& run) { return run.outcome != Outcome::kPass; };
  if (std::none_of(runs.begin(), runs.end(), did_not_pass)) return text;
  text += "\n| run | outcome | why |\n|---|---|---|\n";
  std::size_t rows = 0, left_out = 0;
  for (const ReportedRun& run : runs)
    if (did_not_pass(run)) {
      if (++rows <= kMostRows)
        text += fmt::format("| {} | {} | {} |\n", cell(run.name), to_string(run.outcome), cell(run.message));
      else
        ++left_out;
    }
  if (left_out != 0) text += fmt::format("\n{} more are not listed.\n", left_out);
  left_out = 0;
  for (const ReportedRun& run : runs) {
    if (!did_not_pass(run) || run.outcome == Outcome::kSkip || run.text.empty()) continue;
    const std::string details =
        fmt::format("\n<details><summary>{}</summary>\n\n{}\n</details>\n", cell(run.name), code(run.text));
    if (text.size() + details.size() > kMostBytes)
      ++left_out;
    else
      text += details;
  }
  if (left_out != 0) text += fmt::format("\nOf {} more there is no room for their reports.\n", left_out);
  return text;
}

}  // namespace ktstr
