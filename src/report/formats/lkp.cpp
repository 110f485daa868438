// SPDX-License-Identifier: Apache-2.0
//
// "key: value" lines, from which LKP makes its statistics: of each test how often it ended how, and how long its runs
// took.
#include <fmt/format.h>

#include <map>
#include <vector>

#include "report/formats/report_format.h"

namespace ktstr {

namespace {

// A key ends at ':' or a blank.
std::string key_of(std::string_view name) {
  std::string key;
  for (const char c : name) {
    const bool is_plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    key += is_plain ? c : '_';
  }
  return key;
}

struct Sums {
  std::map<Outcome, std::size_t> counts;
  double seconds = 0;
};

}  // namespace

std::string lkp_report(std::span<const ReportedRun> runs) {
  std::vector<std::string> order;
  std::map<std::string, Sums> tests;
  for (const ReportedRun& run : runs) {
    const std::string key = key_of(run.test);
    if (!tests.contains(key)) order.push_back(key);
    Sums& sums = tests[key];
    ++sums.counts[run.outcome];
    sums.seconds += run.host_seconds;
  }
  std::string text;
  for (const std::string& key : order) {
    const Sums& sums = tests.at(key);
    for (const auto& [outcome, count] : sums.counts) text += fmt::format("{}.{}: {}\n", key, to_string(outcome), count);
    text += fmt::format("{}.host_seconds: {:.3f}\n", key, sums.seconds);
  }
  return text;
}

}  // namespace ktstr
